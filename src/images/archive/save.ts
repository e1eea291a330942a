import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import type { ContentStore } from "#content/store.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, splitDigest } from "#oci/digest.ts";
import { parseManifest } from "#oci/manifest.ts";
import type { Platform } from "#oci/platform.ts";
import { canonicalRepository, familiarName, parseReference } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "../store/records.ts";
import { findImage, targetOf } from "../store/resolve.ts";
import { documentLimit } from "../store/store-image.ts";
import { manifestFor, planPush } from "../transfer/plan-push.ts";

export interface SaveOptions {
  /** Of images for several platforms only this one. */
  platform?: Platform | undefined;
  signal: AbortSignal;
}

/** One image, or one name of it, in an archive. */
interface Saved {
  /** Canonical, with a tag. */
  name: string | undefined;
  /** What of it is whole. */
  top: Descriptor;
  config: Digest;
  layers: Digest[];
}

/**
 * Images as one tar, which is an OCI layout and a docker-archive at once: blobs as they came. Names without a
 * tag mean every tag of their repository.
 */
export async function saveImages(
  services: ImageServices,
  names: string[],
  options: SaveOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const { content } = services;
  const saved: Saved[] = [];
  const blobs = new Map<Digest, number>();
  for (const { image, name, target } of names.flatMap((name) => namedBy(services, name))) {
    const shown = name === undefined ? image.id : familiarName(parseReference(name));
    const named = { ...image, target };
    const top = await wholePart(content, named, { ...options, shown }, blobs);
    const parts = await partsOf(content, named, top);
    for (const digest of [parts.config, ...parts.layers]) blobs.set(digest, await content.size(digest));
    if (saved.some((one) => one.config === parts.config && one.name === name)) continue;
    saved.push({ name, top, ...parts });
  }
  return write(services, saved, blobs, options.signal);
}

function namedBy(
  { records }: ImageServices,
  name: string,
): { image: ImageRecord; name: string | undefined; target: Descriptor }[] {
  const all = repositoryNames(records, name);
  if (all.length > 0) return all;
  const image = findImage(records, name);
  const target = targetOf(records, name, image);
  const named = records.names().find((one) => one.id === image.id && isSame(one.name, name));
  return [{ image, name: named?.name, target }];
}

function repositoryNames(records: ImageServices["records"], name: string) {
  if (!isReference(name)) return [];
  const reference = parseReference(name);
  if (reference.tag !== undefined || reference.digest !== undefined) return [];
  return records
    .names()
    .filter((one) => one.name.startsWith(`${canonicalRepository(reference)}:`))
    .flatMap((one) => {
      const image = records.get(one.id);
      return image ? [{ image, name: one.name, target: one.target }] : [];
    });
}

function isReference(name: string): boolean {
  try {
    parseReference(name);
    return true;
  } catch {
    return false;
  }
}

function isSame(canonical: string, name: string): boolean {
  if (!isReference(name)) return false;
  const { tag = "latest", digest, ...reference } = parseReference(name);
  return digest === undefined && canonical === `${canonicalRepository(reference)}:${tag}`;
}

/** The whole of what a name leads to, or else the manifest of its image; adds the blobs of either. */
async function wholePart(
  content: ContentStore,
  image: ImageRecord,
  { platform, shown }: { platform?: Platform | undefined; shown: string },
  blobs: Map<Digest, number>,
): Promise<Descriptor> {
  const wanted = platform ? await manifestFor(content, image, platform, shown) : image.target;
  const plan = await planPush(content, wanted);
  const isWhole = plan.missing.length === 0;
  if (!isWhole && platform !== undefined) {
    throw new TboxError("not-found", `${shown}: the platform asked for is not in the store`);
  }
  const whole = isWhole ? plan : await planPush(content, image.manifest);
  for (const { digest, size } of [...whole.blobs, ...whole.manifests, whole.top]) blobs.set(digest, size);
  return whole.top;
}

/** What a docker-archive lists of an image: one platform of it. */
async function partsOf(content: ContentStore, image: ImageRecord, top: Descriptor) {
  const document = parseManifest(await content.read(top.digest, documentLimit), top.mediaType);
  if (document.kind === "index") return { config: image.id, layers: image.layers };
  const { config, layers } = document.manifest;
  return { config: config.digest, layers: layers.map(({ digest }) => digest) };
}

async function* write(
  services: ImageServices,
  saved: Saved[],
  blobs: Map<Digest, number>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const archive = pack();
  const work = services.withLease(async () => {
    // A reader that makes missing directories by itself may try to give them to root.
    for (const name of foldersOf(blobs))
      archive.entry({ name, type: "directory", mode: 0o755, mtime: epoch });
    for (const [digest, size] of [...blobs].sort(([a], [b]) => (a < b ? -1 : 1))) {
      signal.throwIfAborted();
      await using file = await services.content.open(digest);
      const entry = archive.entry({ name: blobPath(digest), size, mode: 0o644, mtime: epoch });
      await pipeline(file.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 }), entry);
    }
    for (const [name, value] of documentsOf(saved)) {
      archive.entry({ name, mode: 0o644, mtime: epoch }, JSON.stringify(value));
    }
    archive.finalize();
  });
  work.catch((error) => archive.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    yield* archive as AsyncIterable<Uint8Array>;
    await work;
  } finally {
    archive.destroy();
    await work.catch(() => {});
  }
}

const epoch = new Date(0);

function foldersOf(blobs: Map<Digest, number>): string[] {
  const algorithms = new Set([...blobs.keys()].map((digest) => splitDigest(digest).algorithm));
  return ["blobs/", ...[...algorithms].sort().map((algorithm) => `blobs/${algorithm}/`)];
}

function documentsOf(saved: Saved[]): [string, unknown][] {
  const images = new Map(saved.map((one) => [one.config, one]));
  return [
    ["index.json", { schemaVersion: 2, manifests: saved.map(layoutEntry) }],
    ["manifest.json", [...images.values()].map((image) => archiveEntry(image, saved))],
    ["oci-layout", { imageLayoutVersion: "1.0.0" }],
  ];
}

/** Named twice: as containerd does it, in full, and as the specification does, by the tag. */
function layoutEntry({ name, top: { mediaType, digest, size } }: Saved) {
  const entry = { mediaType, digest, size };
  if (name === undefined) return entry;
  const { tag } = parseReference(name);
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag };
  return { ...entry, annotations };
}

function archiveEntry({ config, layers }: Saved, saved: Saved[]) {
  const names = saved.flatMap((one) => (one.config === config && one.name !== undefined ? [one.name] : []));
  return {
    Config: blobPath(config),
    RepoTags: names.length === 0 ? null : names.map((name) => familiarName(parseReference(name))),
    Layers: layers.map(blobPath),
  };
}

function blobPath(digest: Digest): string {
  const { algorithm, hex } = splitDigest(digest);
  return `blobs/${algorithm}/${hex}`;
}
