import { pipeline, Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { TboxError } from "#support/errors.ts";

/** Bytes of the longest magic number. */
const longestMagic = 6;

/** Yields the bytes of an archive; decompresses an archive in gzip or zstd format. */
export async function* decompressArchive(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = archive[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < longestMagic) {
    const { done, value } = await pieces.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const source = rejoin(head, pieces);
  const decoder = decoderFor(head);
  if (decoder === undefined) return yield* source;
  // A failure on either side ends the other.
  yield* pipeline(Readable.from(source), decoder, () => {});
}

function decoderFor(head: Buffer) {
  const starts = (...magic: number[]) => Buffer.from(magic).equals(head.subarray(0, magic.length));
  if (starts(0x1f, 0x8b)) return createGunzip();
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return createZstdDecompress();
  const format = starts(0xfd, 0x37, 0x7a, 0x58, 0x5a) ? "xz" : starts(0x42, 0x5a, 0x68) ? "bzip2" : undefined;
  if (format === undefined) return undefined;
  throw new TboxError(
    "not-implemented",
    `archives in ${format} format are not supported: decompress the archive first`,
  );
}

async function* rejoin(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
