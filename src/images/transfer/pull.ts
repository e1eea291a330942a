import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, shortDigest } from "#oci/digest.ts";
import { type ManifestDocument, parseManifest } from "#oci/manifest.ts";
import { hostPlatform, matchesPlatform } from "#oci/platform.ts";
import { canonicalRepository, familiarName, type Reference, withDefaultTag } from "#oci/reference.ts";
import { openRepository, type Repository } from "#registry/transfer/repository.ts";
import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import { errorCode, invalidArgument, TboxError } from "#support/errors.ts";
import { singleValue } from "#support/streams.ts";
import type { Progress, PullOptions } from "../images.ts";
import type { ImageServices } from "../services.ts";
import { type ImageParts, readConfig, recordOf } from "../store/store-image.ts";
import { downloadBlob } from "./download.ts";
import { type FetchedDocument, followIndex } from "./follow-index.ts";
import { pullLayer } from "./pull-layer.ts";

/** Layers that are downloaded at the same time, as many as Docker does. */
const width = 3;

type Report = (progress: Progress) => void;

/** Pulls an image; the names are given last, when everything is verified, synced and unpacked. */
export async function* pull(
  services: ImageServices,
  asked: Reference,
  options: PullOptions,
): AsyncGenerator<Progress> {
  const reference = withDefaultTag(asked);
  // Whoever stops listening stops the pull.
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const queue = createAsyncQueue<Progress>();
  const work = services.withLease(() => pullImage(services, reference, { ...options, signal }, queue.push));
  try {
    yield* queue.during(work);
  } finally {
    stop.abort(new TboxError("cancelled", `pull of ${familiarName(reference)} was cancelled`));
    await work.catch(() => {});
  }
}

/** Pulls every tag of a repository, one after the other. */
export async function* pullAllTags(
  services: ImageServices,
  reference: Reference,
  options: PullOptions,
): AsyncGenerator<Progress> {
  const repository = openRepository(reference, options.credentials, services.registry);
  for (const tag of await repository.listTags(options.signal)) {
    yield* pull(services, { ...reference, tag }, options);
  }
}

async function pullImage(
  services: ImageServices,
  reference: Reference,
  options: PullOptions,
  report: Report,
): Promise<void> {
  const { signal } = options;
  const repository = openRepository(reference, options.credentials, services.registry);
  const wanted = reference.digest ?? reference.tag ?? "latest";
  // Of a name with both the digest counts, and no tag is set by it.
  const isTag = reference.tag !== undefined && reference.digest === undefined;
  const tag = isTag ? `${canonicalRepository(reference)}:${reference.tag}` : undefined;
  const current = await currentTarget(services, repository, tag, options);
  report({ id: reference.tag ?? wanted, status: `Pulling from ${reference.path}` });
  if (current) {
    options.arrived?.();
    return reportOutcome(report, reference, current, true);
  }
  const name = familiarName(reference);
  const found = await fetchDocument(services, repository, { name, wanted }, signal);
  const parts = await followIndex(found, {
    name,
    platform: options.platform ?? hostPlatform(),
    fetch: (entry) =>
      fetchDocument(services, repository, { name, wanted: entry.digest, expected: entry }, signal),
  });
  const known = await resumable(services, parts, async () => {
    await downloadBlob(services, repository, parts.manifest.config, { signal });
    const record = recordOf(parts, await readConfig(services, parts.manifest));
    await pullLayers(services, repository, record.diffIds, parts.manifest.layers, { signal, report });
    const before = tag === undefined ? services.records.get(record.id)?.id : services.records.name(tag)?.id;
    services.records.add(record, { tag, digest: `${canonicalRepository(reference)}@${parts.target.digest}` });
    options.arrived?.();
    return before === record.id;
  });
  await services.changed();
  reportOutcome(report, reference, parts.target.digest, known);
}

function reportOutcome(report: Report, reference: Reference, digest: Digest, known: boolean): void {
  report({ status: `Digest: ${digest}` });
  const outcome = known ? "Image is up to date for" : "Downloaded newer image for";
  report({ status: `Status: ${outcome} ${familiarName(reference)}` });
}

/**
 * What a tag leads to here if the registry says that it still does: a question that limits of registries do not
 * count, in place of a fetch that they do.
 */
async function currentTarget(
  { records, layers, content }: ImageServices,
  repository: Repository,
  tag: string | undefined,
  { platform, signal }: PullOptions,
): Promise<Digest | undefined> {
  const known = tag === undefined ? undefined : records.name(tag);
  const image = known && records.get(known.id);
  if (!known || !image) return undefined;
  const { os, architecture, variant } = image.config;
  if (!matchesPlatform({ os, architecture, variant }, platform ?? hostPlatform())) return undefined;
  const whole = image.diffIds.every((diffId) => layers.has(diffId));
  if (!whole || !(await hasAll(content, [known.target.digest, image.id, ...image.layers]))) return undefined;
  const digest = await repository.headManifest(tag?.slice(tag.lastIndexOf(":") + 1) ?? "", signal);
  const unchanged = tag !== undefined && records.name(tag)?.id === known.id;
  return unchanged && digest === known.target.digest ? digest : undefined;
}

async function hasAll(content: ImageServices["content"], digests: Digest[]): Promise<boolean> {
  return (await Promise.all(digests.map((digest) => content.has(digest)))).every(Boolean);
}

/** Runs the rest of a pull, up to its records; what it has brought when it is cut off is kept for the next one. */
async function resumable<T>(
  { records }: ImageServices,
  { target, manifestDescriptor, manifest }: ImageParts,
  work: () => Promise<T>,
): Promise<T> {
  const blobs = [target, manifestDescriptor, manifest.config, ...manifest.layers].map(({ digest }) => digest);
  records.expect(blobs);
  try {
    const result = await work();
    records.settle(blobs);
    return result;
  } catch (error) {
    if (!isCut(error)) records.settle(blobs);
    throw error;
  }
}

function isCut(error: unknown): boolean {
  const code = errorCode(error);
  return (
    code === "unavailable" || code === "cancelled" || (error instanceof Error && error.name === "AbortError")
  );
}

interface WantedDocument {
  /** Of the image, for messages. */
  name: string;
  /** Tag or digest. */
  wanted: string;
  /** What an index says of it. */
  expected?: Descriptor;
}

/** Fetches a manifest or index, keeps its bytes, and reads it. */
async function fetchDocument(
  { content }: ImageServices,
  repository: Repository,
  { name, wanted, expected }: WantedDocument,
  signal: AbortSignal,
): Promise<FetchedDocument> {
  const { bytes, mediaType, digest } = await repository.fetchManifest(wanted, signal);
  if (expected && bytes.byteLength !== expected.size) {
    const message = `manifest ${wanted} has ${bytes.byteLength} bytes where its index says ${expected.size}`;
    throw invalidArgument(message);
  }
  const document = read(name, bytes, mediaType);
  await content.ingest(async () => ({ offset: 0, bytes: singleValue(bytes) }), {
    digest,
    size: bytes.byteLength,
  });
  return { descriptor: { mediaType: document.mediaType, digest, size: bytes.byteLength }, document };
}

function read(name: string, bytes: Uint8Array, mediaType: string | undefined): ManifestDocument {
  try {
    return parseManifest(bytes, mediaType);
  } catch (cause) {
    throw new TboxError(errorCode(cause), `image ${name}`, { cause });
  }
}

interface PullLayersOptions {
  signal: AbortSignal;
  report: Report;
}

/** Downloads and unpacks side by side: a layer is unpacked while it and the next ones still arrive. */
async function pullLayers(
  services: ImageServices,
  repository: Repository,
  diffIds: ReturnType<typeof recordOf>["diffIds"],
  blobs: (Descriptor & { urls?: string[] | undefined })[],
  { signal, report }: PullLayersOptions,
): Promise<void> {
  const stop = new AbortController();
  const limited = AbortSignal.any([signal, stop.signal]);
  const jobs = blobs.map((blob, index) => ({ blob, diffId: diffIds[index] }));
  // The same layer twice in one image is one layer.
  const seen = new Set<Digest>();
  const todo = jobs.filter(({ blob }) => !seen.has(blob.digest) && seen.add(blob.digest));
  for (const { blob } of todo) {
    report({ id: shortDigest(blob.digest), status: "Pulling fs layer" });
  }
  const waiting = [...todo];
  const unpackings: Promise<void>[] = [];
  const unpacking = (work: Promise<void>) => {
    unpackings.push(work);
    work.catch((error) => stop.abort(error));
  };
  const worker = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      const { blob, diffId } = job;
      if (diffId === undefined) continue;
      if (services.layers.has(diffId) && (await services.content.has(blob.digest))) {
        report({ id: shortDigest(blob.digest), status: "Already exists" });
        continue;
      }
      await pullLayer(services, repository, { blob, diffId }, { signal: limited, report, unpacking });
    }
  };
  try {
    await Promise.all(Array.from({ length: width }, worker));
    await Promise.all(unpackings);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(unpackings);
    // The first failure is the reason; what it stopped only says that it was stopped.
    throw signal.aborted ? signal.reason : stop.signal.reason;
  }
}
