import { closeSync, constants, openSync } from "node:fs";
import { textToName } from "#support/file-name.ts";

/** Descriptors of a tree's root and of the directories down to the one that was opened last. */
export interface DirectoryChain extends Disposable {
  root: number;
  /** Opens a directory without following a link. The descriptor is valid until the result is disposed of. */
  open(path: string): OpenDirectory;
}

export interface OpenDirectory extends Disposable {
  descriptor: number;
}

/** Opens directories as references (`O_PATH`), which need no right to read them. */
const flags = constants.O_DIRECTORY | constants.O_NOFOLLOW | 0o10000000;

/** Most directories kept open. Deeper ones are opened again for each use. */
const mostOpen = 256;

/** Opens a chain. A walk in the order of a tree opens each directory once. */
export function openDirectoryChain(directory: string): DirectoryChain {
  const root = openSync(directory, flags);
  const links: { name: string; descriptor: number }[] = [];
  let last: (OpenDirectory & { path: string }) | undefined;
  const cut = (length: number) => {
    last = undefined;
    for (const { descriptor } of links.splice(length)) closeSync(descriptor);
  };
  return {
    root,
    open(path) {
      // Most calls are for the files of one directory, one after the other.
      if (path === last?.path) return last;
      const parts = path === "" ? [] : path.split("/");
      let shared = 0;
      while (shared < parts.length && links[shared]?.name === parts[shared]) shared++;
      if (shared < Math.min(parts.length, mostOpen)) cut(shared);
      let descriptor = links[shared - 1]?.descriptor ?? root;
      let loose: number | undefined;
      for (const name of parts.slice(shared)) {
        const next = openStep(descriptor, name, loose);
        if (links.length < mostOpen) links.push({ name, descriptor: next });
        else loose = next;
        descriptor = next;
      }
      if (loose !== undefined) {
        last = undefined;
        return { path, descriptor, [Symbol.dispose]: () => closeSync(loose) };
      }
      last = { path, descriptor, [Symbol.dispose]: () => {} };
      return last;
    },
    [Symbol.dispose]() {
      cut(0);
      closeSync(root);
    },
  };
}

/** Opens a directory in another one and closes the other one if it is not part of the chain. */
function openStep(parent: number, name: string, loose: number | undefined): number {
  try {
    return openSync(textToName(`/proc/self/fd/${parent}/${name}`), flags);
  } finally {
    if (loose !== undefined) closeSync(loose);
  }
}
