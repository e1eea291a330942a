import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, digestOf, parseDigest, splitDigest } from "#oci/digest.ts";
import { createSingleFlight } from "#support/concurrency/single-flight.ts";
import { errorCode, invalidArgument, TboxError } from "#support/errors.ts";
import { singleValue } from "#support/streams.ts";
import { isMissing, replaceFile, syncDirectory } from "./durable-file.ts";

/** What a blob is expected to be; its bytes are checked against both. */
export type Expected = Pick<Descriptor, "digest" | "size">;

export interface IngestOptions {
  signal?: AbortSignal;
  /** Called with the bytes written so far. */
  onProgress?: (bytes: number) => void;
}

/** One of the layout's entry points: a name and the manifest or index it stands for. */
export interface IndexEntry extends Descriptor {
  name: string;
}

/**
 * Blobs by digest, in an OCI image layout (image-spec, image-layout.md). A blob is visible only once its
 * bytes were verified and synced; two ingests of one blob are one.
 */
export interface ContentStore {
  has(digest: Digest): Promise<boolean>;
  /** Bytes; not-found when it is not here. */
  size(digest: Digest): Promise<number>;
  /** The digest that a blob's bytes have now; nothing when it is not here. */
  computeDigest(digest: Digest): Promise<Digest | undefined>;
  /** A small blob, verified again; refused when longer than `limit` bytes. */
  read(digest: Digest, limit: number): Promise<Uint8Array>;
  /** For streaming and for handing its descriptor on; the caller closes it. */
  open(digest: Digest): Promise<FileHandle>;
  /** The same of a blob that is being ingested, or will be: its file grows until it is the blob. */
  openArriving(digest: Digest): Promise<{ file: FileHandle; whole: boolean }>;
  /** Writes what `source` gives from its offset on; what an earlier try left is kept for the next. */
  ingest(source: BlobSource, expected: Expected, options?: IngestOptions): Promise<void>;
  put(bytes: Uint8Array): Promise<Expected>;
  /** Keeps a stream whose digest is not known beforehand. */
  adopt(source: AsyncIterable<Uint8Array>, options?: IngestOptions): Promise<Expected>;
  remove(digest: Digest): Promise<void>;
  list(): Promise<Digest[]>;
  /** Drops what unfinished writes have left, save for those of `kept`. None may be running. */
  sweep(kept: ReadonlySet<Digest>): Promise<void>;
  /** Bytes on the disk, as `du` counts them: of each blob, and of what unfinished writes have left. */
  diskUsage(): Promise<ContentUsage>;
  /** Replaces `index.json`. */
  writeIndex(entries: IndexEntry[]): Promise<void>;
}

export interface ContentUsage {
  blobs: Map<Digest, number>;
  unfinished: number;
}

/** Gives a blob's bytes from `offset` on; the answer tells where they really begin. */
export type BlobSource = (offset: number) => Promise<{ offset: number; bytes: AsyncIterable<Uint8Array> }>;

/** Opens the layout at `root`, making what is missing of it. */
export async function openDiskContentStore(root: string): Promise<ContentStore> {
  const partials = `${root}/blobs/.partial`;
  for (const path of [`${root}/blobs/sha256`, `${root}/blobs/sha512`, partials]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
  if (!(await Bun.file(`${root}/oci-layout`).exists())) {
    await replaceFile(root, "oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    await replaceFile(root, "index.json", JSON.stringify({ schemaVersion: 2, manifests: [] }));
  }
  const share = createSingleFlight<Digest>();

  const folderOf = (digest: Digest) => `${root}/blobs/${splitDigest(digest).algorithm}`;
  const pathOf = (digest: Digest) => `${folderOf(digest)}/${splitDigest(digest).hex}`;
  const partialOf = (digest: Digest) => `${partials}/${splitDigest(digest).hex}`;
  const absent = (digest: Digest, cause: unknown) =>
    isMissing(cause) ? new TboxError("not-found", `no blob ${digest}`, { cause }) : cause;

  const store: ContentStore = {
    has: (digest) => Bun.file(pathOf(digest)).exists(),
    async size(digest) {
      return (
        await stat(pathOf(digest)).catch((cause) => {
          throw absent(digest, cause);
        })
      ).size;
    },
    async computeDigest(digest) {
      const { algorithm } = splitDigest(digest);
      const size = await store.size(digest).catch((error) => {
        if (errorCode(error) === "not-found") return undefined;
        throw error;
      });
      if (size === undefined) return undefined;
      const hasher = new Bun.CryptoHasher(algorithm);
      await hashFile(pathOf(digest), size, hasher);
      return parseDigest(`${algorithm}:${hasher.digest("hex")}`);
    },
    async read(digest, limit) {
      if ((await store.size(digest)) > limit) {
        throw invalidArgument(`blob ${digest} is longer than ${limit} bytes`);
      }
      const bytes = await Bun.file(pathOf(digest)).bytes();
      const found = new Bun.CryptoHasher(splitDigest(digest).algorithm).update(bytes).digest("hex");
      if (found !== splitDigest(digest).hex) {
        throw new TboxError("internal", `blob ${digest} is damaged: its bytes have the digest ${found}`);
      }
      return bytes;
    },
    open: (digest) =>
      open(pathOf(digest), "r").catch((cause) => {
        throw absent(digest, cause);
      }),
    async openArriving(digest) {
      for (;;) {
        const whole = await openIfThere(pathOf(digest));
        if (whole) return { file: whole, whole: true };
        const file = await openIfThere(partialOf(digest));
        if (file) return { file, whole: false };
        await (await open(partialOf(digest), "a", 0o600)).close();
      }
    },
    ingest(source, expected, options = {}) {
      const { digest } = expected;
      return share(digest, () => ingestOnce(source, expected, options));
    },
    async put(bytes) {
      const expected = { digest: digestOf(bytes), size: bytes.byteLength };
      await store.ingest(async () => ({ offset: 0, bytes: singleValue(bytes) }), expected);
      return expected;
    },
    async adopt(source, options = {}) {
      const partial = `${partials}/new-${crypto.randomUUID()}`;
      try {
        const expected = await writeAll(partial, source, options);
        await settle(partial, pathOf(expected.digest), folderOf(expected.digest));
        return expected;
      } catch (error) {
        await rm(partial, { force: true });
        throw error;
      }
    },
    remove: (digest) => rm(pathOf(digest), { force: true }),
    async list() {
      const folders = await Promise.all(
        ["sha256", "sha512"].map(async (algorithm) => {
          const names = await readdir(`${root}/blobs/${algorithm}`);
          return names.map((hex) => parseDigest(`${algorithm}:${hex}`));
        }),
      );
      return folders.flat();
    },
    async sweep(kept) {
      const names = new Set([...kept].map((digest) => splitDigest(digest).hex));
      for (const name of await readdir(partials)) {
        if (!names.has(name)) await rm(`${partials}/${name}`, { force: true });
      }
    },
    async diskUsage() {
      const blobs = (await store.list()).map(
        async (digest): Promise<[Digest, number]> => [digest, await allocated(pathOf(digest))],
      );
      const left = (await readdir(partials)).map((name) => allocated(`${partials}/${name}`));
      return {
        blobs: new Map(await Promise.all(blobs)),
        unfinished: (await Promise.all(left)).reduce((sum, size) => sum + size, 0),
      };
    },
    async writeIndex(entries) {
      const manifests = entries.map(({ name, mediaType, digest, size }) => ({
        mediaType,
        digest,
        size,
        annotations: { "org.opencontainers.image.ref.name": name },
      }));
      const text = JSON.stringify({ schemaVersion: 2, manifests });
      // A sync for nothing would make every daemon start later.
      if ((await Bun.file(`${root}/index.json`).text()) === text) return;
      await replaceFile(root, "index.json", text);
    },
  };
  async function ingestOnce(source: BlobSource, expected: Expected, options: IngestOptions): Promise<void> {
    const { digest } = expected;
    if (await store.has(digest)) return;
    const partial = await ingestBlob(partialOf(digest), source, expected, options);
    await settle(partial, pathOf(digest), folderOf(digest));
  }
  return store;
}

/** Writes and verifies a partial file; on a cut it stays, on a lie it goes. */
async function ingestBlob(
  partial: string,
  source: BlobSource,
  { digest, size }: Expected,
  { signal, onProgress }: IngestOptions,
): Promise<string> {
  const { algorithm, hex } = splitDigest(digest);
  await using file = await open(partial, "a+", 0o600);
  let kept = Math.min((await file.stat()).size, size);
  const { offset, bytes } = await source(kept);
  if (offset > kept)
    throw new TboxError("internal", `blob ${digest}: bytes from ${offset} where ${kept} was asked`);
  kept = offset;
  await file.truncate(kept);
  const hasher = new Bun.CryptoHasher(algorithm);
  if (kept > 0) await hashFile(partial, kept, hasher);
  let written = kept;
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
  return partial;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
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

/** Nothing when the file has gone meanwhile. */
async function allocated(path: string): Promise<number> {
  const file = await stat(path).catch(() => undefined);
  // A block is 512 bytes, whatever the file system's own are.
  return (file?.blocks ?? 0) * 512;
}

async function settle(partial: string, path: string, folder: string): Promise<void> {
  await rename(partial, path);
  await syncDirectory(folder);
}

async function hashFile(path: string, length: number, hasher: Bun.CryptoHasher): Promise<void> {
  for await (const chunk of Bun.file(path).slice(0, length).stream()) {
    hasher.update(chunk);
    // A file's stream never yields to anything else by itself.
    await new Promise(setImmediate);
  }
}
