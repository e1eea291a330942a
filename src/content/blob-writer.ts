import { open, rename, rm, stat } from "node:fs/promises";
import { type Digest, digestOf, parseDigest, splitDigest } from "#oci/digest.ts";
import { createSingleFlight } from "#support/concurrency/single-flight.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { singleValue } from "#support/streams.ts";
import type { BlobReader, BlobSource, BlobWriter, Expected, IngestOptions } from "./content-store.ts";
import { syncDirectory } from "./durable-file.ts";
import { hashFile } from "./hash-file.ts";
import type { LayoutPaths } from "./layout-paths.ts";

export function openBlobWriter(paths: LayoutPaths, { has }: Pick<BlobReader, "has">): BlobWriter {
  const shareIngest = createSingleFlight<Digest>();

  /** Moves a verified file to the blob's path and syncs the directory. */
  async function publish(partial: string, digest: Digest): Promise<void> {
    await rename(partial, paths.blob(digest));
    await syncDirectory(paths.blobs(splitDigest(digest).algorithm));
  }

  /** Publishes a new file under the digest that `write` returns. */
  async function publishNew(write: (partial: string) => Promise<Expected>): Promise<Expected> {
    const partial = `${paths.partials}/new-${crypto.randomUUID()}`;
    try {
      const expected = await write(partial);
      await publish(partial, expected.digest);
      return expected;
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }

  async function ingestOnce(source: BlobSource, expected: Expected, options: IngestOptions): Promise<void> {
    const { digest } = expected;
    if (await has(digest)) return;
    await writePartial(paths.partial(digest), source, expected, options);
    await publish(paths.partial(digest), digest);
  }

  function ingest(source: BlobSource, expected: Expected, options: IngestOptions = {}): Promise<void> {
    return shareIngest(expected.digest, () => ingestOnce(source, expected, options));
  }

  return {
    ingest,
    async put(bytes) {
      const expected = { digest: digestOf(bytes), size: bytes.byteLength };
      await ingest(async () => ({ offset: 0, bytes: singleValue(bytes) }), expected);
      return expected;
    },
    adopt: (source, options = {}) => publishNew((partial) => writeAll(partial, source, options)),
    fill: (write) =>
      publishNew(async (partial) => {
        await using file = await open(partial, "wx", 0o600);
        const expected = (await write(file.fd)) ?? (await digestFile(partial));
        await file.sync();
        return expected;
      }),
  };
}

/** Writes and verifies a partial file. Keeps the file after an interruption; deletes it after a mismatch. */
async function writePartial(
  partial: string,
  source: BlobSource,
  { digest, size }: Expected,
  { signal, onProgress }: IngestOptions,
): Promise<void> {
  const { algorithm, hex } = splitDigest(digest);
  await using file = await open(partial, "a+", 0o600);
  const present = Math.min((await file.stat()).size, size);
  const { offset, bytes } = await source(present);
  if (offset > present) {
    throw new TboxError(
      "internal",
      `blob ${digest}: source starts at ${offset}, after the requested ${present}`,
    );
  }
  await file.truncate(offset);
  const hasher = new Bun.CryptoHasher(algorithm);
  if (offset > 0) await hashFile(partial, offset, hasher);
  let written = offset;
  for await (const chunk of bytes) {
    signal?.throwIfAborted();
    if (written + chunk.byteLength > size) {
      await rm(partial, { force: true });
      throw invalidArgument(`blob ${digest} is longer than its ${size} bytes`);
    }
    hasher.update(chunk);
    await file.appendFile(chunk);
    written += chunk.byteLength;
    onProgress?.(written);
  }
  if (written < size) {
    throw new TboxError("unavailable", `blob ${digest} ended after ${written} of ${size} bytes`);
  }
  const found = hasher.digest("hex");
  if (found !== hex) {
    await rm(partial, { force: true });
    throw invalidArgument(`blob ${digest}: its bytes have the digest ${algorithm}:${found}`);
  }
  await file.sync();
}

async function digestFile(path: string): Promise<Expected> {
  const { size } = await stat(path);
  const hasher = new Bun.CryptoHasher("sha256");
  await hashFile(path, size, hasher);
  return { digest: parseDigest(`sha256:${hasher.digest("hex")}`), size };
}

async function writeAll(
  partial: string,
  source: AsyncIterable<Uint8Array>,
  { signal, onProgress }: IngestOptions,
): Promise<Expected> {
  await using file = await open(partial, "wx", 0o600);
  const hasher = new Bun.CryptoHasher("sha256");
  let size = 0;
  for await (const chunk of source) {
    signal?.throwIfAborted();
    hasher.update(chunk);
    await file.appendFile(chunk);
    size += chunk.byteLength;
    onProgress?.(size);
  }
  await file.sync();
  return { digest: parseDigest(`sha256:${hasher.digest("hex")}`), size };
}
