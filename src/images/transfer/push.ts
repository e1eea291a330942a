import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, shortDigest } from "#oci/digest.ts";
import {
  canonicalRepository,
  familiarName,
  familiarRepository,
  parseReference,
  type Reference,
} from "#oci/reference.ts";
import { type Destination, openDestination } from "#registry/transfer/destination.ts";
import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { PushOptions, PushProgress } from "../images.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "../store/records.ts";
import { documentLimit } from "../store/store-image.ts";
import { manifestFor, type PushPlan, planPush } from "./plan-push.ts";
import { throttled } from "./throttled.ts";

/** Blobs that are sent at the same time, as many as Docker does. */
const width = 5;
/** Repositories that are asked for a blob before it is sent. */
const mostSources = 4;
const pieceSize = 256 * 1024;

type Report = (progress: PushProgress) => void;

/** Pushes an image by its tag, or all tags of a repository. */
export async function* push(
  services: ImageServices,
  reference: Reference,
  options: PushOptions,
): AsyncGenerator<PushProgress> {
  if (reference.digest !== undefined) {
    throw invalidArgument("cannot push a digest reference");
  }
  // Whoever stops listening stops the push.
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const queue = createAsyncQueue<PushProgress>();
  const work = services.withLease(() => pushTags(services, reference, { ...options, signal }, queue.push));
  try {
    yield* queue.during(work);
  } finally {
    stop.abort(new TboxError("cancelled", `push of ${familiarName(reference)} was cancelled`));
    await work.catch(() => {});
  }
}

async function pushTags(
  services: ImageServices,
  reference: Reference,
  options: PushOptions,
  report: Report,
): Promise<void> {
  const repository = canonicalRepository(reference);
  report({ status: `The push refers to repository [${repository}]` });
  const wanted = reference.tag === undefined ? undefined : `${repository}:${reference.tag}`;
  const names = services.records
    .names()
    .filter(({ name }) => (wanted === undefined ? name.startsWith(`${repository}:`) : name === wanted))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (names.length === 0) {
    const message = `An image does not exist locally with the tag: ${familiarRepository(reference)}`;
    throw new TboxError("not-found", message);
  }
  for (const { name, id, target } of names) {
    const image = services.records.get(id);
    if (image) await pushImage(services, parseReference(name), { ...image, target }, options, report);
  }
}

async function pushImage(
  services: ImageServices,
  reference: Reference,
  image: ImageRecord,
  { platform, credentials, signal }: PushOptions,
  report: Report,
): Promise<void> {
  const { content, records, registry } = services;
  const { tag = "latest" } = reference;
  const sources = sourcesFor(services, reference);
  const destination = openDestination(reference, { ...registry, credentials, sources: namesOf(sources) });
  const top = platform ? await manifestFor(content, image, platform, familiarName(reference)) : image.target;
  const plan = await planPush(content, top);
  const sent = (await isPushable(destination, plan, signal)) ? plan : await planPush(content, image.manifest);
  if (platform !== undefined && sent !== plan) {
    throw new TboxError("not-found", `the manifest for the platform asked for is not in the store`);
  }
  await pushBlobs(services, destination, sent.blobs, { sources, signal, report });
  for (const manifest of sent.manifests) {
    await putManifest(services, destination, manifest, manifest.digest, signal);
  }
  await putManifest(services, destination, sent.top, tag, signal);
  if (records.get(image.id)) {
    records.add(image, { digest: `${canonicalRepository(reference)}@${sent.top.digest}` });
  }
  const { digest, size } = sent.top;
  report({ status: `${tag}: digest: ${digest} size: ${size}` });
  report({ aux: { Tag: tag, Digest: digest, Size: size } });
  if (sent !== plan) {
    const [originalIndex, selectedManifest] = [plan.top, sent.top];
    report({ aux: { manifestPushedInsteadOfIndex: true, originalIndex, selectedManifest } });
  }
}

/** Whether an index can stand in the registry: what is not sent of it must be there. */
async function isPushable(
  destination: Destination,
  { missing }: PushPlan,
  signal: AbortSignal,
): Promise<boolean> {
  for (const { digest } of missing) if (!(await destination.hasManifest(digest, signal))) return false;
  return true;
}

async function putManifest(
  { content }: ImageServices,
  destination: Destination,
  { digest, mediaType }: Descriptor,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const bytes = new Uint8Array(await content.read(digest, documentLimit));
  await destination.putManifest({ name, digest, mediaType, bytes }, signal);
}

/** By blob: the repositories of the same registry that have it, as far as is known here. */
type Sources = Map<Digest, string[]>;

function sourcesFor({ records }: ImageServices, { domain, path }: Reference): Sources {
  const sources: Sources = new Map();
  for (const { name, id } of records.digests()) {
    const other = parseReference(name);
    if (other.domain !== domain || other.path === path) continue;
    for (const digest of [id, ...(records.get(id)?.layers ?? [])]) {
      const known = sources.get(digest) ?? [];
      if (known.length < mostSources && !known.includes(other.path))
        sources.set(digest, [...known, other.path]);
    }
  }
  return sources;
}

function namesOf(sources: Sources): string[] {
  return [...new Set([...sources.values()].flat())];
}

interface PushBlobsOptions {
  sources: Sources;
  signal: AbortSignal;
  report: Report;
}

async function pushBlobs(
  services: ImageServices,
  destination: Destination,
  blobs: Descriptor[],
  { sources, signal, report }: PushBlobsOptions,
): Promise<void> {
  const stop = new AbortController();
  const limited = AbortSignal.any([signal, stop.signal]);
  for (const { digest } of blobs) report({ id: shortDigest(digest), status: "Preparing" });
  const waiting = [...blobs];
  const worker = async () => {
    for (let blob = waiting.shift(); blob; blob = waiting.shift()) {
      const mountFrom = sources.get(blob.digest) ?? [];
      await pushBlob(services, destination, blob, { mountFrom, signal: limited, report });
    }
  };
  await Promise.all(Array.from({ length: width }, () => worker().catch((error) => stop.abort(error))));
  // The first failure is the reason; what it stopped only says that it was stopped.
  if (limited.aborted) throw limited.reason;
}

async function pushBlob(
  { content }: ImageServices,
  destination: Destination,
  { digest, size }: Descriptor,
  { mountFrom, signal, report }: { mountFrom: string[]; signal: AbortSignal; report: Report },
): Promise<void> {
  const id = shortDigest(digest);
  if (await destination.hasBlob(digest, signal)) {
    report({ id, status: "Layer already exists" });
    return;
  }
  await using file = await content.open(digest);
  const onProgress = throttled((current) => report({ id, status: "Pushing", current, total: size }));
  const source = { digest, size, read: (start: number, end: number) => piecesOf(file, start, end) };
  const { mountedFrom } = await destination.putBlob(source, { mountFrom, signal, onProgress });
  report({ id, status: mountedFrom === undefined ? "Pushed" : `Mounted from ${mountedFrom}` });
}

type File = Awaited<ReturnType<ImageServices["content"]["open"]>>;

async function* piecesOf(file: File, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let position = start; position < end; ) {
    const buffer = new Uint8Array(Math.min(pieceSize, end - position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) throw new TboxError("internal", `a blob ends after ${position} of ${end} bytes`);
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
