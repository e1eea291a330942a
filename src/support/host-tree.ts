import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  type Stats,
} from "node:fs";
import { openDirectoryChain } from "./directory-chain.ts";
import { invalidArgument } from "./errors.ts";
import { isDoubtfulName, nameToText, textToName } from "./file-name.ts";
import { pathOnly } from "./path-descriptor.ts";

/**
 * A directory of the host that other programs, such as containers, may change at the same time. Every file is opened
 * through the descriptor of its directory without following links, so no path leads out of the tree. Paths are texts
 * of `#support/file-name.ts`, without a leading slash; the root is the empty path. Missing files throw the error of the
 * system call.
 */
export interface HostTree extends Disposable {
  /** `device:inode` of the root. */
  identity: string;
  /** Descriptor of the root, a reference that cannot be read from. */
  root: number;
  /** Whether no other program can change the tree. */
  owned: boolean;
  /** Returns the sorted names in a directory. */
  names(directory: string): string[];
  /** Returns the status of a file; for a link, of the link itself. */
  status(path: string): Stats;
  /** Returns the target of a link. */
  target(path: string): string;
  /** Opens a regular file or a directory for reading. */
  open(path: string): number;
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Opens a tree. `owned` states that no other program can change the tree. A file that its owner cannot read, because of
 * the mode in an archive, is then made readable while it is opened.
 */
export function openHostTree(root: string, { owned }: { owned: boolean }): HostTree {
  const chain = openDirectoryChain(root);
  const { dev, ino } = fstatSync(chain.root, { bigint: true });
  return {
    identity: `${dev}:${ino}`,
    root: chain.root,
    owned,
    names(directory) {
      const place = below(chain.open(directory), "");
      const plain = readdirSync(place);
      if (!plain.some(isDoubtfulName)) return plain.sort();
      return readdirSync(place, { encoding: "buffer" }).map(nameToText).sort();
    },
    status(path) {
      if (path === "") return fstatSync(chain.root);
      return lstatSync(locate(chain, path));
    },
    target(path) {
      const place = locate(chain, path);
      const plain = readlinkSync(place);
      return isDoubtfulName(plain) ? nameToText(readlinkSync(place, { encoding: "buffer" })) : plain;
    },
    open(path) {
      const place = locate(chain, path);
      try {
        return openSync(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      } catch (error) {
        const descriptor = owned ? openUnreadable(place) : undefined;
        if (descriptor === undefined) throw error;
        return descriptor;
      }
    },
    [Symbol.dispose]: () => chain[Symbol.dispose](),
  };
}

/** Returns a path to a file through the descriptor of its directory, for immediate use. */
function locate(chain: ReturnType<typeof openDirectoryChain>, path: string): string | Buffer {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  if (name === "..") throw invalidArgument(`the path ${JSON.stringify(path)} ends in ".."`);
  return below(chain.open(slash < 0 ? "" : path.slice(0, slash)), name);
}

function below(directory: number, name: string): string | Buffer {
  return textToName(`/proc/self/fd/${directory}/${name}`);
}

/** Opens a regular file of this user despite a mode that forbids reading. Changes the mode through a descriptor. */
function openUnreadable(path: string | Buffer): number | undefined {
  const reference = openSync(path, pathOnly | O_NOFOLLOW);
  try {
    const status = fstatSync(reference);
    if (status.uid !== process.getuid?.() || !status.isFile() || (status.mode & 0o400) !== 0)
      return undefined;
    const self = `/proc/self/fd/${reference}`;
    const mode = status.mode & 0o7777;
    chmodSync(self, mode | 0o400);
    try {
      return openSync(self, O_RDONLY | O_NONBLOCK);
    } finally {
      chmodSync(self, mode);
    }
  } finally {
    closeSync(reference);
  }
}
