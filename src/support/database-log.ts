import { closeSync, existsSync, openSync, readFileSync, readSync, statSync, writeFileSync } from "node:fs";
import { TboxError } from "./errors.ts";
import { isFullDisk } from "./full-disk.ts";

/** Bytes of the header of a log, and of the header of each of its frames (https://www.sqlite.org/fileformat2.html). */
const logHeader = 32;
const frameHeader = 24;
/** Length of the two equal headers of an index, and of the field behind them that counts the frames copied to the database. */
const indexHeader = 48;
const copiedFrames = 2 * indexHeader;

/** The part of the log that SQLite had committed, from the index that the processes of a database share. */
interface Committed {
  frames: number;
  pageSize: number;
  /** Numbers that the log's header and frames repeat. */
  salt: Buffer;
}

/**
 * Throws when the log of a database has lost changes that a process committed since the machine started: SQLite would
 * continue without them and report nothing. After a loss of power nothing is checked, because the index on disk may be newer than the log.
 */
export function checkLog(path: string): void {
  const [log, index, boot] = [`${path}-wal`, `${path}-shm`, `${path}-boot`];
  const same = existsSync(boot) && readFileSync(boot, "utf8") === bootId();
  const committed = same && existsSync(index) ? readCommitted(readFileSync(index)) : undefined;
  if (committed) {
    const problem = !existsSync(path) ? `${path} is missing` : findProblem(log, committed);
    if (problem !== undefined) {
      throw new TboxError(
        "unavailable",
        `${problem}: without the changes in it, files of containers and images would be removed as unknown: restore the file, or remove ${index} to go on without these changes`,
      );
    }
  }
  if (!same) markBoot(boot);
}

/** Records the boot that the index belongs to. If a full disk prevents this, nothing is checked. */
function markBoot(path: string): void {
  try {
    writeFileSync(path, bootId(), { mode: 0o600 });
  } catch (error) {
    if (!isFullDisk(error)) throw error;
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Reads an index; returns nothing if it is not valid or if the database has everything. */
function readCommitted(index: Buffer): Committed | undefined {
  if (index.length < copiedFrames + 4) return undefined;
  const first = index.subarray(0, indexHeader);
  if (!first.equals(index.subarray(indexHeader, 2 * indexHeader)) || first[12] !== 1) return undefined;
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  const frames = view.getUint32(16, littleEndian);
  if (frames <= new DataView(index.buffer, index.byteOffset).getUint32(copiedFrames, littleEndian))
    return undefined;
  const size = view.getUint16(14, littleEndian);
  return { frames, pageSize: size === 1 ? 65536 : size, salt: first.subarray(32, 40) };
}

/** The index is in the machine's byte order. */
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Returns what is wrong with a log that must have the committed frames. */
function findProblem(log: string, { frames, pageSize, salt }: Committed): string | undefined {
  if (!existsSync(log)) return `${log} is missing`;
  const damaged = `${log} is damaged`;
  const frameSize = frameHeader + pageSize;
  if (statSync(log).size < logHeader + frames * frameSize) return damaged;
  const descriptor = openSync(log, "r");
  try {
    const header = Buffer.alloc(logHeader);
    readSync(descriptor, header, 0, logHeader, 0);
    // The last bit of the magic number tells the byte order of the checksums.
    const bigEndian = header.readUInt32BE(0) === 0x377f0683;
    if (!bigEndian && header.readUInt32BE(0) !== 0x377f0682) return damaged;
    if (!header.subarray(16, 24).equals(salt)) return damaged;
    const sums: Sums = [0, 0];
    addUp(header.subarray(0, 24), sums, bigEndian);
    if (!hasSums(header, 24, sums)) return damaged;
    const frame = Buffer.alloc(frameSize);
    for (let number = 0; number < frames; number++) {
      readSync(descriptor, frame, 0, frameSize, logHeader + number * frameSize);
      addUp(frame.subarray(0, 8), sums, bigEndian);
      addUp(frame.subarray(frameHeader), sums, bigEndian);
      if (!frame.subarray(8, 16).equals(salt) || !hasSums(frame, 16, sums)) return damaged;
    }
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** The two running checksums of a log. */
type Sums = [number, number];

function addUp(bytes: Buffer, sums: Sums, bigEndian: boolean): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [one, other] = sums;
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    one = (one + view.getUint32(at, !bigEndian) + other) >>> 0;
    other = (other + view.getUint32(at + 4, !bigEndian) + one) >>> 0;
  }
  sums[0] = one;
  sums[1] = other;
}

function hasSums(bytes: Buffer, at: number, [one, other]: Sums): boolean {
  return bytes.readUInt32BE(at) === one && bytes.readUInt32BE(at + 4) === other;
}
