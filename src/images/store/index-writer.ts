import { coalesced } from "#support/concurrency/coalesced.ts";
import { isFullDisk } from "#support/full-disk.ts";
import type { Warn } from "#support/log.ts";

/** Milliseconds between two attempts on a full disk. */
const defaultInterval = 2000;

/**
 * Returns a function that writes the layout's index. The index is a copy of the names in the database, so a full disk
 * fails no command: the index is written when there is space again.
 */
export function openIndexWriter(
  write: () => Promise<void>,
  warn: Warn,
  interval = defaultInterval,
): () => Promise<void> {
  let timer: Timer | undefined;
  const writeNow = coalesced(async () => {
    const isRepeated = timer !== undefined;
    clearTimeout(timer);
    timer = undefined;
    try {
      await write();
    } catch (error) {
      if (!isFullDisk(error)) throw error;
      if (!isRepeated) warn("the image index is written when the disk has space", error);
      timer = setTimeout(writeAgain, interval).unref();
    }
  });
  const writeAgain = () => {
    writeNow().catch((error) => warn("write the image index", error));
  };
  return writeNow;
}
