import { statfsSync } from "node:fs";

/** The kernel's error numbers for a disk without free space or file entries, and for an exceeded quota. */
const numbers = new Set([28, 122]);

/** Error codes of Node, the addon and SQLite for a full disk. */
const codes = new Set(["ENOSPC", "EDQUOT", "SQLITE_FULL"]);

/** Returns whether an error, or one of its causes, reports a full disk. */
export function isFullDisk(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ("code" in current && typeof current.code === "string" && codes.has(current.code)) return true;
    if ("errno" in current && numbers.has(Math.abs(Number(current.errno)))) return true;
  }
  return false;
}

/** Repeats work that finds the disk full as long as `release` frees space. */
export function rescued<Result>(work: () => Result, release: () => boolean): Result {
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isFullDisk(error) || !release()) throw error;
    }
  }
}

/** Describes the full disk of a directory: its free space, and commands that free more. */
export function describeFullDisk(directory: string): string {
  const remedy = "free space, for example with tbox system prune or tbox rm";
  try {
    const { bavail, bsize, ffree } = statfsSync(directory);
    const free = `${bavail * bsize} bytes and ${ffree} file entries are free`;
    return `the disk of ${directory} is full (${free}): ${remedy}`;
  } catch {
    return `the disk of ${directory} is full: ${remedy}`;
  }
}

/** Free bytes and file entries below which a disk counts as full. */
const leastBytes = 1024 ** 2;
const leastEntries = 16;

/** Returns whether the disk of a directory has almost no free space or file entries. */
export function isOutOfSpace(directory: string): boolean {
  const { bavail, bsize, ffree, files } = statfsSync(directory);
  return bavail * bsize < leastBytes || (files > 0 && ffree < leastEntries);
}
