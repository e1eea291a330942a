import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import type { LogEnd } from "./log-end.ts";
import type { LogRecord } from "./logs.ts";

/** Bytes that are read at once. */
export const chunkSize = 64 * 1024;
const newline = 10;

/** Lists a container's log files, oldest first. */
async function logFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  const numbered = names.flatMap((name) => {
    const [, number] = /^container\.log(?:\.(\d+))?$/.exec(name) ?? [];
    return name.startsWith("container.log") ? [{ name, age: Number(number ?? 0) }] : [];
  });
  return numbered.sort((a, b) => b.age - a.age).map(({ name }) => `${directory}/${name}`);
}

export interface RecordAt {
  record: LogRecord;
  /** Offset of the next line in bytes. */
  end: number;
}

/**
 * Reads the records from an offset to the current end of the file, a chunk at a time. A record of tbox reports how many
 * lines are no records. `complete` tells that nobody is writing a record: then the end of the file ends the last one.
 */
export async function* readRecords(
  file: FileHandle,
  from: number,
  { chunkSize, complete }: { chunkSize: number; complete: boolean },
): AsyncGenerator<RecordAt> {
  let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  let position = from;
  let damaged = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(chunkSize);
    const { bytesRead } = await file.read(chunk, 0, chunkSize, position + rest.byteLength);
    if (bytesRead === 0) break;
    let data: Buffer<ArrayBufferLike> = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline)) {
      const record = parseRecord(data.subarray(0, end));
      data = data.subarray(end + 1);
      if (record && damaged > 0) yield { record: damageNote(damaged, record.time), end: position };
      damaged = record ? 0 : damaged + 1;
      position += end + 1;
      if (record) yield { record, end: position };
    }
    rest = data;
  }
  if (complete && rest.some((byte) => byte !== 0)) {
    damaged += 1;
    position += rest.byteLength;
  }
  if (damaged === 0) return;
  const { mtime } = await file.stat();
  yield { record: damageNote(damaged, mtime.toISOString()), end: position };
}

function damageNote(count: number, time: string): LogRecord {
  const records = count === 1 ? "1 log record is" : `${count} log records are`;
  return { stream: "stderr", text: `[tbox: ${records} unreadable, the log file was damaged]\n`, time };
}

/** Finds the offset of the last `count` lines of a file. `lines` is lower when the file has fewer. */
export async function tailOffset(
  file: FileHandle,
  count: number,
): Promise<{ offset: number; lines: number }> {
  const { size } = await file.stat();
  let lines = 0;
  if (count <= 0) return { offset: size, lines };
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunkSize);
    const chunk = Buffer.alloc(end - start);
    await file.read(chunk, 0, chunk.byteLength, start);
    for (let index = chunk.byteLength - 1; index >= 0; index--) {
      // The newline at the end of the file begins no line.
      if (chunk[index] !== newline || start + index + 1 === size) continue;
      if (++lines === count) return { offset: start + index + 1, lines };
    }
    end = start;
  }
  return { offset: 0, lines: size > 0 ? lines + 1 : 0 };
}

/** Opens a container's log files, oldest first. Returns none after the removal of the container. */
export async function openLogs(directory: string): Promise<FileHandle[]> {
  for (;;) {
    const paths = await logFiles(directory);
    const opened = await Promise.all(paths.map((path) => open(path, "r").catch(() => undefined)));
    const files = opened.filter((file) => file !== undefined);
    const inodes = await Promise.all(files.map(async (file) => (await file.stat()).ino));
    // If the log was rotated in between, the names may belong to other files: try again.
    const now = (await Promise.all((await logFiles(directory)).map(inodeOf))).filter(
      (ino) => ino !== undefined,
    );
    if (now.length === 0 || inodes.join() === now.join()) return files;
    await closeAll(files);
  }
}

/**
 * Opens a container's log files up to the one at the end, oldest first; none if that file was deleted. A shorter file is
 * another one with the same inode.
 */
export async function openLogsUpTo(directory: string, end: LogEnd): Promise<FileHandle[]> {
  const files = await openLogs(directory);
  const found = await Promise.all(files.map((file) => file.stat({ bigint: true })));
  const count = found.findIndex(({ ino, size }) => ino === end.inode && size >= end.size) + 1;
  await closeAll(files.slice(count));
  return files.slice(0, count);
}

/** Opens the files that are newer than a given file, oldest first. Newer files exist after a rotation. */
export async function openNewer(directory: string, file: FileHandle): Promise<FileHandle[]> {
  const { ino } = await file.stat();
  const newest = await inodeOf(`${directory}/container.log`);
  if (newest === undefined || newest === ino) return [];
  const files = await openLogs(directory);
  const inodes = await Promise.all(files.map(async (one) => (await one.stat()).ino));
  const older = inodes.indexOf(ino) + 1;
  await closeAll(files.slice(0, older));
  return files.slice(older);
}

export async function closeAll(files: FileHandle[]): Promise<void> {
  await Promise.all(files.map((file) => file.close()));
}

async function inodeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.ino;
}

/** Parses a line. A region of null characters, left by a crash, has no newline: the record begins after it. */
function parseRecord(line: Buffer<ArrayBufferLike>): LogRecord | undefined {
  const text = line.subarray(line.lastIndexOf(0) + 1).toString();
  try {
    const value: unknown = JSON.parse(text);
    return isLine(value) ? recordOf(value) : undefined;
  } catch {
    return undefined;
  }
}

interface Line {
  log: string;
  stream: LogRecord["stream"];
  time: string;
  /** All bytes of the record if they are not UTF-8. */
  hex?: unknown;
}

function recordOf({ log, stream, time, hex }: Line): LogRecord {
  const record = { text: log, stream, time };
  return typeof hex === "string" ? { ...record, bytes: Buffer.from(hex, "hex") } : record;
}

function isLine(value: unknown): value is Line {
  if (typeof value !== "object" || value === null) return false;
  const { log, stream, time } = value as Partial<Record<keyof Line, unknown>>;
  return typeof log === "string" && typeof time === "string" && (stream === "stdout" || stream === "stderr");
}
