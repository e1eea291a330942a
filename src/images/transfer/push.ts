import type { BlobReader } from "#content/content-store.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { documentLimit } from "#oci/manifest.ts";
import {
  canonicalRepository,
  familiarName,
  familiarRepository,
  parseReference,
  type Reference,
} from "#oci/reference.ts";
import { type Destination, openDestination } from "#registry/transfer/open-destination.ts";
import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "../store/image-records.ts";
import { storedBlobs } from "../store/stored-blobs.ts";
import type { PushOptions, PushProgress } from "./image-transfer.ts";
import { unchangedBlob } from "./outgoing-blob.ts";
import { outgoingBlobs } from "./outgoing-image.ts";
import { rewriteDocuments } from "./outgoing-index.ts";
import { manifestFor, type PushPlan, planPush } from "./plan-push.ts";
import { findMountSources, pushBlobs, repositoriesOf } from "./push-blobs.ts";

type Report = (progress: PushProgress) => void;

/** Pushes an image by its tag, or all tags of a repository. */
export async function* push(
  services: ImageServices,
  reference: Reference,
  options: PushOptions,
): AsyncGenerator<PushProgress> {
  if (reference.digest !== undefined) throw invalidArgument("cannot push a digest reference");
  // A consumer that stops reading cancels the push.
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
  { platform, credentials, signal, compression }: PushOptions,
  report: Report,
): Promise<void> {
  const { records, registry } = services;
  const content = storedBlobs(services);
  const { tag = "latest" } = reference;
  const sources = findMountSources(records, reference);
  const destination = openDestination(reference, {
    ...registry,
    credentials,
    sources: repositoriesOf(sources),
  });
  const wanted = platform
    ? await manifestFor(content, image, platform, familiarName(reference))
    : image.target;
  const plan = await planPush(content, wanted);
  const sent = (await isPushable(destination, plan, signal)) ? plan : await planPush(content, image.manifest);
  if (platform !== undefined && sent !== plan) {
    throw new TboxError("not-found", "the manifest for the requested platform is not in the store");
  }
  const outgoing = outgoingBlobs(services, image, sent, compression);
  const blobs = await pushBlobs(destination, outgoing, { sources, signal, report });
  const { top, manifests, blobs: added } = await rewriteDocuments(services.content, sent, blobs);
  const more = added.map((blob) => unchangedBlob(services, blob));
  await pushBlobs(destination, more, { sources, signal, report });
  for (const manifest of manifests) {
    await putManifest(content, destination, { ...manifest, name: manifest.digest }, signal);
  }
  await putManifest(content, destination, { ...top, name: tag }, signal);
  // The image may have been removed during the push.
  if (records.get(image.id)) {
    records.add(image, { digest: `${canonicalRepository(reference)}@${top.digest}` });
  }
  const { digest, size } = top;
  report({ status: `${tag}: digest: ${digest} size: ${size}` });
  report({ aux: { Tag: tag, Digest: digest, Size: size } });
  if (sent !== plan) {
    const [originalIndex, selectedManifest] = [plan.top, top];
    report({ aux: { manifestPushedInsteadOfIndex: true, originalIndex, selectedManifest } });
  }
}

/** Returns whether the registry has all manifests of the index that the store lacks. */
async function isPushable(
  destination: Destination,
  { missing }: PushPlan,
  signal: AbortSignal,
): Promise<boolean> {
  for (const { digest } of missing) if (!(await destination.hasManifest(digest, signal))) return false;
  return true;
}

async function putManifest(
  content: Pick<BlobReader, "read">,
  destination: Destination,
  { name, digest, mediaType }: Descriptor & { name: string },
  signal: AbortSignal,
): Promise<void> {
  const bytes = new Uint8Array(await content.read(digest, documentLimit));
  await destination.putManifest({ name, digest, mediaType, bytes }, signal);
}
