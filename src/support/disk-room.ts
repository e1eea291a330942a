import { statfsSync } from "node:fs";

/** Room on a file system for an ordinary user. */
export interface DiskRoom {
  bytes: number;
  freeBytes: number;
  /** Number of inodes; 0 on a file system that creates them on demand. */
  inodes: number;
  freeInodes: number;
}

/** A disk is nearly full when both its free share and its free amount are below these. */
const scarce = { share: 0.05, bytes: 5 * 1024 ** 3, inodes: 100_000 };

/** Free bytes below which even a large share is too little. */
const leastBytes = 1024 ** 3;

/** Reads the room of the file system of a directory. */
export function readDiskRoom(directory: string): DiskRoom {
  const { blocks, bavail, bsize, files, ffree } = statfsSync(directory);
  return { bytes: blocks * bsize, freeBytes: bavail * bsize, inodes: files, freeInodes: ffree };
}

/** Returns a message for each resource of which little is left; nothing for a disk with enough room. */
export function describeShortages(room: DiskRoom, directory: string): string[] {
  const { bytes, freeBytes, inodes, freeInodes } = room;
  const messages: string[] = [];
  if (freeBytes < leastBytes || (freeBytes < scarce.bytes && freeBytes < bytes * scarce.share)) {
    const free = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB`;
    messages.push(`the disk of ${directory} is nearly full: ${free} (${percent(freeBytes, bytes)}) is free`);
  }
  if (inodes > 0 && freeInodes < scarce.inodes && freeInodes < inodes * scarce.share) {
    const free = `${freeInodes} (${percent(freeInodes, inodes)})`;
    messages.push(`the disk of ${directory} is nearly out of inodes: ${free} are free`);
  }
  return messages;
}

/** Reads and describes what is short on the disk of a directory; returns nothing for a missing directory. */
export function readShortages(directory: string): string[] {
  try {
    return describeShortages(readDiskRoom(directory), directory);
  } catch {
    return [];
  }
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.floor((part / whole) * 100)} %`;
}
