import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
} from "node:fs";
import { TboxError } from "./errors.ts";

export interface PrivateDirectoryOptions {
  path: string;
  /** Owner that the directory must have. */
  uid: number;
  /** Files by which this program recognizes its own directories, whose mode it may correct. */
  marks?: string[];
}

/**
 * Creates a directory with mode 0700 unless it exists. Closes an existing one to other users if it is empty or has one
 * of the marks. Throws forbidden for a path that is a link, belongs to another user, is open to others, or could be
 * replaced by another user.
 */
export function ensurePrivateDirectory({ path, uid, marks = [] }: PrivateDirectoryOptions): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new TboxError("unavailable", `create the directory ${path}`, { cause });
  }
  const { O_RDONLY, O_NOFOLLOW } = constants;
  let descriptor: number;
  try {
    descriptor = openSync(path, O_RDONLY | O_NOFOLLOW);
  } catch (cause) {
    const isLink = lstatSync(path).isSymbolicLink();
    throw isLink ? new TboxError("forbidden", `${path} is not a directory`) : refused(path, cause);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isDirectory()) throw new TboxError("forbidden", `${path} is not a directory`);
    if (status.uid !== uid) {
      throw new TboxError("forbidden", `${path} belongs to user ${status.uid}, not to user ${uid}`);
    }
    if ((status.mode & 0o077) !== 0) close(descriptor, path, marks);
  } finally {
    closeSync(descriptor);
  }
  checkAncestors(path, uid);
}

function close(descriptor: number, path: string, marks: string[]): void {
  const names = readdirSync(`/proc/self/fd/${descriptor}`);
  if (names.length > 0 && !marks.some((mark) => names.includes(mark))) {
    throw new TboxError("forbidden", `${path} is open to other users: run chmod 700 ${path}`);
  }
  fchmodSync(descriptor, 0o700);
}

/** Throws forbidden when another user could replace a directory above the path. */
function checkAncestors(path: string, uid: number): void {
  for (let above = parentOf(path); ; above = parentOf(above)) {
    const { uid: owner, mode } = lstatSync(above);
    const isSticky = (mode & 0o1000) !== 0;
    if (owner !== uid && owner !== 0 && owner !== unmapped) {
      throw new TboxError(
        "forbidden",
        `${above} belongs to user ${owner}, who could replace ${path}: choose a directory of your own`,
      );
    }
    if ((mode & 0o002) !== 0 && !isSticky) {
      throw new TboxError(
        "forbidden",
        `other users can write to ${above} and replace ${path}: run chmod o-w ${above}`,
      );
    }
    if (above === "/") return;
  }
}

/** The kernel's overflow ID: the ID of unmapped users, such as the host's root, in a user namespace. */
const unmapped = 65_534;

function parentOf(path: string): string {
  return path.slice(0, path.replace(/\/+$/, "").lastIndexOf("/")) || "/";
}

function refused(path: string, cause: unknown): TboxError {
  return new TboxError("forbidden", `cannot open ${path}`, { cause });
}
