import { pipeline, Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { TboxError } from "#support/errors.ts";

const longestMark = 6;

/** An archive as it is, or out of the gzip or zstd that it came in as a whole. */
export async function* decompressed(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = archive[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < longestMark) {
    const { done, value } = await pieces.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const source = rejoined(head, pieces);
  const decoder = decoderFor(head);
  if (decoder === undefined) return yield* source;
  // What fails in either end ends the other.
  yield* pipeline(Readable.from(source), decoder, () => {});
}

function decoderFor(head: Buffer) {
  const starts = (...mark: number[]) => Buffer.from(mark).equals(head.subarray(0, mark.length));
  if (starts(0x1f, 0x8b)) return createGunzip();
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return createZstdDecompress();
  const foreign = starts(0xfd, 0x37, 0x7a, 0x58, 0x5a)
    ? "xz"
    : starts(0x42, 0x5a, 0x68)
      ? "bzip2"
      : undefined;
  if (foreign === undefined) return undefined;
  throw new TboxError("not-implemented", `an archive in ${foreign}: not supported, decompress it first`);
}

async function* rejoined(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
