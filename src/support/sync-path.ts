import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes a file, or the entries of a directory, survive a loss of power. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
