import { diffIdsOf } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { documentLimit } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { canonicalRepository, withDefaultTag } from "#oci/reference.ts";
import { openDestination } from "#registry/transfer/open-destination.ts";
import type { ImageServices } from "../services.ts";
import { layersOf } from "../store/image-parts.ts";
import { type OutgoingBlob, unchangedBlob } from "../transfer/outgoing-blob.ts";
import { findMountSources, type MountSources, pushBlobs, repositoriesOf } from "../transfer/push-blobs.ts";
import { type Assembled, assemble, exportedRecord } from "./assemble.ts";
import type { ExportDestination, ExportOptions, ExportTarget, ImageSet } from "./image-exports.ts";
import { type ExportedLayer, outgoingLayers } from "./outgoing-layers.ts";

/** Sends images with everything that they refer to; returns the manifest or index. */
export function sendImages(
  services: ImageServices,
  set: ImageSet,
  target: ExportTarget,
  options: ExportOptions,
): Promise<Descriptor> {
  return services.withLease(async () => {
    const place = openTarget(services, target);
    const { destination } = place;
    const sources = { ...place, ...options };
    const sent = await pushBlobs(destination, await outgoingBlobsOf(services, set), sources);
    const assembled = await assemble(services, set, sent);
    const blobs = assembled.blobs.map((blob) => unchangedBlob(services, blob));
    await pushBlobs(destination, blobs, sources);
    await putManifests(services, { destination, assembled, name: place.name, signal: options.signal });
    recordNames(services, set, { target, top: assembled.top });
    return assembled.top;
  });
}

/** Returns the configurations and layers of images. */
export async function outgoingBlobsOf(services: ImageServices, set: ImageSet): Promise<OutgoingBlob[]> {
  const layers: ExportedLayer[] = [];
  const configs: Descriptor[] = [];
  for (const { id } of set.images) {
    const { manifest, configSize, config } = exportedRecord(services, id);
    const diffIds = diffIdsOf(config);
    const descriptors = await layersOf(services, manifest);
    for (const [index, descriptor] of descriptors.entries()) {
      const diffId = diffIds[index];
      if (diffId !== undefined) layers.push({ diffId, descriptor });
    }
    configs.push({ mediaType: mediaTypes.config, digest: id, size: configSize });
  }
  return [
    ...configs.map((config) => unchangedBlob(services, config)),
    ...outgoingLayers(services, layers, set.compression),
  ];
}

/** A place to send blobs to. */
export interface OpenTarget {
  destination: ExportDestination;
  /** Repositories from which the destination can take blobs. */
  sources: MountSources;
  /** Tag of the top manifest; its digest when absent. */
  name: string | undefined;
}

export function openTarget({ records, registry }: ImageServices, target: ExportTarget): OpenTarget {
  if (target.type === "store")
    return { destination: target.destination, sources: new Map(), name: undefined };
  const { reference, credentials, byDigest = false } = target;
  const sources = findMountSources(records, reference);
  const insecure = target.insecure ? [...registry.insecure, reference.domain] : registry.insecure;
  const options = { ...registry, insecure, credentials, sources: repositoriesOf(sources) };
  const { tag } = withDefaultTag(reference);
  return {
    destination: openDestination(reference, options),
    sources,
    name: byDigest ? undefined : tag,
  };
}

/** Puts the manifests, those below the top first. */
export async function putManifests(
  { content }: Pick<ImageServices, "content">,
  {
    destination,
    assembled: { top, manifests },
    name = top.digest,
    signal,
  }: {
    destination: ExportDestination;
    assembled: Pick<Assembled, "top" | "manifests">;
    name: string | undefined;
    signal: AbortSignal;
  },
): Promise<void> {
  const named = [...manifests.map((one) => ({ ...one, name: one.digest as string })), { ...top, name }];
  for (const { name: key, digest, mediaType } of named) {
    const bytes = new Uint8Array(await content.read(digest, documentLimit));
    await destination.putManifest({ name: key, digest, mediaType, bytes }, signal);
  }
}

/** Records the digest under which a registry has an image. */
function recordNames(
  { records }: ImageServices,
  { images: [first] }: ImageSet,
  { target, top }: { target: ExportTarget; top: Descriptor },
): void {
  const record = first && records.get(first.id);
  if (!record || target.type !== "registry") return;
  records.add(record, { digest: `${canonicalRepository(target.reference)}@${top.digest}` });
}
