/** An entry of a tar archive. Names are bytes, because file names need not be UTF-8. */
export interface TarEntry {
  name: Uint8Array;
  type: keyof typeof types;
  /** Permissions. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since the epoch. */
  time: number;
  /** Bytes that follow. */
  size: number;
  /** Target of a link. */
  target?: Uint8Array;
}

const types = { file: "0", link: "1", symlink: "2", directory: "5", fifo: "6" };

const blockSize = 512;
/** Maximum bytes of a name in a header. */
const nameSize = 100;
/** Name of the entries that carry a long name (GNU tar). */
const longName = new TextEncoder().encode("././@LongLink");

/** Returns the header of an entry; long names precede it in entries of their own (GNU tar). */
export function tarHeader(entry: TarEntry): Uint8Array {
  const { name, target = new Uint8Array(0) } = entry;
  const parts = [header(entry, types[entry.type])];
  if (target.length > nameSize) parts.unshift(...longEntry(target, "K"));
  if (name.length > nameSize) parts.unshift(...longEntry(name, "L"));
  return Buffer.concat(parts);
}

/** Returns the zeros that follow the bytes of an entry. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((blockSize - (size % blockSize)) % blockSize);
}

/** The end of an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * blockSize);

function longEntry(name: Uint8Array, type: string): Uint8Array[] {
  const size = name.length + 1;
  const entry = { name: longName, mode: 0, uid: 0, gid: 0, time: 0, size };
  return [header(entry, type), name, new Uint8Array(1), tarPadding(size)];
}

function header(entry: Omit<TarEntry, "type">, type: string): Uint8Array {
  const block = Buffer.alloc(blockSize);
  block.set(entry.name.subarray(0, nameSize), 0);
  writeNumber(block, entry.mode, 100, 8);
  writeNumber(block, entry.uid, 108, 8);
  writeNumber(block, entry.gid, 116, 8);
  writeNumber(block, entry.size, 124, 12);
  writeNumber(block, Math.max(0, entry.time), 136, 12);
  block.write(type, 156);
  block.set((entry.target ?? new Uint8Array(0)).subarray(0, nameSize), 157);
  block.write("ustar  ", 257);
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** Writes a number in octal digits, or in binary if it has more digits than the field (GNU tar). */
function writeNumber(block: Buffer, value: number, offset: number, length: number): void {
  const digits = value.toString(8);
  if (digits.length < length) {
    block.write(`${digits.padStart(length - 1, "0")}\0`, offset, "latin1");
    return;
  }
  block[offset] = 0x80;
  block.writeUIntBE(value, offset + length - 6, 6);
}
