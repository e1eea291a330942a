import { chmodSync, constants, lstatSync, openSync } from "node:fs";

const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a file of a context for reading. An archive can give a file a mode that its owner cannot read: the mode is then
 * changed for the moment of opening.
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
