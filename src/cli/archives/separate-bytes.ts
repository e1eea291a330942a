import { TboxError } from "#support/errors.ts";

const blockSize = 512;
/** Greatest size of an extended header, as in `tar-stream`. */
const largestHeader = 1024 * 1024;
const types = { directory: "5", longName: "L", longLink: "K", extended: "x", common: "g" };
/** Records of an extended header that hold a name. */
const names = new Set(["path", "linkpath"]);

/**
 * Returns an archive whose extended headers hold each byte of a name as a character of its own. `tar-stream` reads extended
 * headers as UTF-8 whatever its options say, and loses the other bytes of a name.
 */
export async function* separateBytes(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new ArchiveInput(archive);
  /** Size of the next entry according to its extended header. */
  let nextSize: number | undefined;
  for (;;) {
    const block = await input.take(blockSize);
    if (block.length < blockSize) return yield block;
    const type = String.fromCharCode(block[156] ?? 0);
    const size = sizeOf(block);
    if (type === types.extended || type === types.common) {
      if (size > largestHeader)
        throw new TboxError("invalid-argument", "extended header of the archive is too long");
      const body = (await input.take(padded(size))).subarray(0, size);
      const records = [...recordsOf(body)];
      const recoded = Buffer.concat(records.map(separated));
      if (type === types.extended) nextSize = declaredSize(records) ?? nextSize;
      yield withSize(block, recoded.length);
      yield Buffer.concat([recoded, Buffer.alloc(padded(recoded.length) - recoded.length)]);
      continue;
    }
    yield block;
    const isLongName = type === types.longName || type === types.longLink;
    // `tar-stream` reads no bytes after the header of a directory.
    yield* input.pass(type === types.directory ? 0 : padded(isLongName ? size : (nextSize ?? size)));
    if (!isLongName) nextSize = undefined;
  }
}

/** The bytes of an archive in pieces of requested lengths. */
class ArchiveInput {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(archive: AsyncIterable<Uint8Array>) {
    this.#chunks = archive[Symbol.asyncIterator]();
  }

  /** Returns the next `length` bytes, or fewer at the end. */
  async take(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.pass(length)) parts.push(part);
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  }

  /** Yields the next `length` bytes as they arrive, or fewer at the end. */
  async *pass(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#chunks.next();
        if (done) return;
        this.#rest = value;
      }
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
}

interface PaxRecord {
  name: string;
  value: Uint8Array;
}

function* recordsOf(body: Uint8Array): Generator<PaxRecord> {
  for (let rest = Buffer.from(body); rest.length > 0; ) {
    const length = Number.parseInt(rest.toString("latin1", 0, rest.indexOf(" ")), 10);
    const equals = rest.indexOf("=");
    if (!(length > 0) || equals < 0) return;
    yield {
      name: rest.toString("latin1", rest.indexOf(" ") + 1, equals),
      value: rest.subarray(equals + 1, length - 1),
    };
    rest = rest.subarray(length);
  }
}

/** Encodes a record; in a name, each byte becomes the character with its number. */
function separated({ name, value }: PaxRecord): Uint8Array {
  const bytes = names.has(name) ? Buffer.from(Buffer.from(value).toString("latin1")) : value;
  const content = Buffer.concat([Buffer.from(` ${name}=`, "latin1"), bytes, Buffer.from("\n")]);
  // The length of a record includes its own digits.
  let length = content.length;
  while (length !== content.length + String(length).length) length = content.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), content]);
}

function declaredSize(records: PaxRecord[]): number | undefined {
  const record = records.findLast(({ name }) => name === "size");
  return record && Number.parseInt(Buffer.from(record.value).toString("latin1"), 10);
}

/** Reads a size in octal digits, or in binary (GNU tar). */
function sizeOf(block: Uint8Array): number {
  const field = Buffer.from(block.subarray(124, 136));
  if (((field[0] ?? 0) & 0x80) !== 0) return field.readUIntBE(6, 6);
  return Number.parseInt(field.toString("latin1").trim(), 8) || 0;
}

function withSize(block: Uint8Array, size: number): Uint8Array {
  const header = Buffer.from(block);
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize;
}
