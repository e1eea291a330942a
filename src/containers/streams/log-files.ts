import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import type { LogRecord } from "../containers.ts";

const chunkSize = 64 * 1024;
const newline = 10;

/** A container's log files, oldest first. */
async function logFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  const numbered = names.flatMap((name) => {
    const [, number] = /^container\.log(?:\.(\d+))?$/.exec(name) ?? [];
    return name.startsWith("container.log") ? [{ name, age: Number(number ?? 0) }] : [];
  });
  return numbered.sort((a, b) => b.age - a.age).map(({ name }) => `${directory}/${name}`);
}

export interface PlacedRecord {
  record: LogRecord;
  /** Where the next line begins, in bytes. */
  end: number;
}

/** The records of a file from an offset to its end as it is now; what is no record is passed over. */
export async function* readRecords(file: FileHandle, from: number): AsyncGenerator<PlacedRecord> {
  let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  let position = from;
  for (;;) {
    const chunk = Buffer.alloc(chunkSize);
    const { bytesRead } = await file.read(chunk, 0, chunkSize, position + rest.byteLength);
    if (bytesRead === 0) return;
    let data: Buffer<ArrayBufferLike> = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline)) {
      position += end + 1;
      const record = parseRecord(data.subarray(0, end));
      data = data.subarray(end + 1);
      if (record) yield { record, end: position };
    }
    rest = data;
  }
}

/** The offset at which the last `count` lines of a file begin, and how many there are. */
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
      // The newline that ends the file ends its last line and begins none.
      if (chunk[index] !== newline || start + index + 1 === size) continue;
      if (++lines === count) return { offset: start + index + 1, lines };
    }
    end = start;
  }
  return { offset: 0, lines: size > 0 ? lines + 1 : 0 };
}

/** A container's log files, opened, oldest first; none once the container was removed. */
export async function openLogs(directory: string): Promise<FileHandle[]> {
  for (;;) {
    const paths = await logFiles(directory);
    const opened = await Promise.all(paths.map((path) => open(path, "r").catch(() => undefined)));
    const files = opened.filter((file) => file !== undefined);
    const inodes = await Promise.all(files.map(async (file) => (await file.stat()).ino));
    // A rotation meanwhile: what was opened may be in another order than it was listed.
    const now = (await Promise.all((await logFiles(directory)).map(inodeOf))).filter(
      (ino) => ino !== undefined,
    );
    if (now.length === 0 || inodes.join() === now.join()) return files;
    await closeAll(files);
  }
}

/** Files that are newer than the given one, opened, oldest first: the log was rotated while it was read. */
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

/** A damaged region has no newline of its own: the record begins after its last null character. */
function parseRecord(line: Buffer<ArrayBufferLike>): LogRecord | undefined {
  const text = line.subarray(line.lastIndexOf(0) + 1).toString();
  try {
    const value: unknown = JSON.parse(text);
    return isLine(value) ? { text: value.log, stream: value.stream, time: value.time } : undefined;
  } catch {
    return undefined;
  }
}

interface Line {
  log: string;
  stream: LogRecord["stream"];
  time: string;
}

function isLine(value: unknown): value is Line {
  if (typeof value !== "object" || value === null) return false;
  const { log, stream, time } = value as Partial<Record<keyof Line, unknown>>;
  return typeof log === "string" && typeof time === "string" && (stream === "stdout" || stream === "stderr");
}
