import type { Digest } from "#oci/digest.ts";
import { hostPlatform, matchesPlatform } from "#oci/platform.ts";
import { canonicalRepository, familiarName, type Reference, withDefaultTag } from "#oci/reference.ts";
import { openRepository } from "#registry/transfer/open-repository.ts";
import type { Repository } from "#registry/transfer/repository.ts";
import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import { errorCode, TboxError } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { type ImageParts, isUnpackedFrom, readConfig, recordOf } from "../store/image-parts.ts";
import type { ImageRecord } from "../store/image-records.ts";
import { type StoredBlobs, storedBlobs } from "../store/stored-blobs.ts";
import { downloadBlob } from "./download-blob.ts";
import { fetchDocument } from "./fetch-document.ts";
import { followIndex } from "./follow-index.ts";
import type { Progress, PullOptions } from "./image-transfer.ts";
import { pullLayers } from "./pull-layers.ts";

type Report = (progress: Progress) => void;

/** Pulls an image. Sets its names last, after everything is verified, synced and unpacked. */
export async function* pull(
  services: ImageServices,
  requested: Reference,
  options: PullOptions,
): AsyncGenerator<Progress> {
  const reference = withDefaultTag(requested);
  // A consumer that stops reading cancels the pull.
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
  const { records, content, registry } = services;
  const { signal } = options;
  const repository = openRepository(reference, options.credentials, registry);
  const tagOrDigest = reference.digest ?? reference.tag ?? "latest";
  // With both a tag and a digest the digest decides, and no tag is set.
  const isTag = reference.tag !== undefined && reference.digest === undefined;
  const tag = isTag ? `${canonicalRepository(reference)}:${reference.tag}` : undefined;
  const current = await currentTarget(services, repository, tag, options);
  const announce = () =>
    report({ id: reference.tag ?? tagOrDigest, status: `Pulling from ${reference.path}` });
  if (current) {
    announce();
    options.onNamed?.();
    return reportOutcome(report, reference, current, true);
  }
  const name = familiarName(reference);
  const found = await fetchDocument(content, repository, { name, tagOrDigest }, signal);
  // Nothing was reported before the manifest, so its refusal can still set the status of the answer.
  announce();
  const parts = await followIndex(found, {
    name,
    platform: options.platform ?? hostPlatform(),
    fetch: (entry) =>
      fetchDocument(content, repository, { name, tagOrDigest: entry.digest, expected: entry }, signal),
  });
  const known = await resumable(services, parts, async () => {
    await downloadBlob(content, repository, parts.manifest.config, { signal });
    const record = recordOf(parts, await readConfig(services, parts.manifest));
    const layers = { diffIds: record.diffIds, blobs: parts.manifest.layers };
    await pullLayers(services, repository, layers, { signal, report });
    const before = tag === undefined ? records.get(record.id)?.id : records.name(tag)?.id;
    records.add(record, {
      tag: options.keepsTag && staysWithHost(services, tag, record) ? undefined : tag,
      keepsTime: true,
      digest: `${canonicalRepository(reference)}@${parts.target.digest}`,
    });
    options.onNamed?.();
    return before === record.id;
  });
  await services.writeIndex();
  reportOutcome(report, reference, parts.target.digest, known);
}

/** Tests whether a tag refers to the same index by an image for this machine, and the other image is for another one. */
function staysWithHost({ records }: ImageServices, tag: string | undefined, other: ImageRecord): boolean {
  const known = tag === undefined ? undefined : records.name(tag);
  const image = known && records.get(known.id);
  if (!known || !image || known.target.digest !== other.target.digest) return false;
  const isForHost = ({ config: { os, architecture, variant } }: ImageRecord) =>
    matchesPlatform({ os, architecture, variant }, hostPlatform());
  return isForHost(image) && !isForHost(other);
}

function reportOutcome(report: Report, reference: Reference, digest: Digest, known: boolean): void {
  report({ status: `Digest: ${digest}` });
  const outcome = known ? "Image is up to date for" : "Downloaded newer image for";
  report({ status: `Status: ${outcome} ${familiarName(reference)}` });
}

/**
 * Returns the stored target of a tag if the image is complete and the registry's target is the same. Asks with HEAD,
 * because registries do not count HEAD requests against rate limits.
 */
async function currentTarget(
  services: ImageServices,
  repository: Repository,
  tag: string | undefined,
  { platform, signal }: PullOptions,
): Promise<Digest | undefined> {
  const { records } = services;
  const known = tag === undefined ? undefined : records.name(tag);
  const image = known && records.get(known.id);
  if (!known || !image) return undefined;
  const { os, architecture, variant } = image.config;
  if (!matchesPlatform({ os, architecture, variant }, platform ?? hostPlatform())) return undefined;
  const isUnpacked = image.diffIds.every((diffId, index) => {
    const blob = image.layers[index];
    return blob !== undefined && isUnpackedFrom(services, blob, diffId);
  });
  const blobs = [known.target.digest, image.id, ...image.layers];
  if (!isUnpacked || !(await hasAll(storedBlobs(services), blobs))) return undefined;
  const digest = await repository.headManifest(tag?.slice(tag.lastIndexOf(":") + 1) ?? "", signal);
  // The tag may have been removed or moved during the request.
  const unchanged = tag !== undefined && records.name(tag)?.id === known.id;
  return unchanged && digest === known.target.digest ? digest : undefined;
}

async function hasAll(content: StoredBlobs, digests: Digest[]): Promise<boolean> {
  return (await Promise.all(digests.map((digest) => content.has(digest)))).every(Boolean);
}

/** Runs the rest of a pull. After an interruption, keeps the pulled blobs for the next attempt. */
async function resumable<T>(
  { records }: ImageServices,
  { target, manifestDescriptor, manifest }: ImageParts,
  work: () => Promise<T>,
): Promise<T> {
  const blobs = [target, manifestDescriptor, manifest.config, ...manifest.layers].map(({ digest }) => digest);
  records.keepBlobs(blobs);
  try {
    const result = await work();
    records.releaseBlobs(blobs);
    return result;
  } catch (error) {
    if (!isInterruption(error)) records.releaseBlobs(blobs);
    throw error;
  }
}

function isInterruption(error: unknown): boolean {
  const code = errorCode(error);
  const isAbort = error instanceof Error && error.name === "AbortError";
  return code === "unavailable" || code === "cancelled" || isAbort;
}
