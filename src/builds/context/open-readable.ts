import { chmodSync, constants, lstatSync, openSync } from "node:fs";

const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * A descriptor to read a file of a context. A file has the mode that its archive gave it, also one that keeps its
 * owner from reading it: that is put aside for the moment.
 */
export function openReadable(path: string): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    const { mode, uid } = lstatSync(path);
    const isOwn = uid === process.getuid?.() && (mode & constants.S_IFMT) === constants.S_IFREG;
    if (!isOwn || (mode & 0o400) !== 0) throw error;
    chmodSync(path, mode | 0o400);
    try {
      return openSync(path, flags);
    } finally {
      chmodSync(path, mode);
    }
  }
}
