import type { BlobReader, BlobWriter } from "#content/content-store.ts";
import type { LayerCompression } from "#layers/layers.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import { documentLimit } from "#oci/manifest.ts";
import { isLayerType, isManifestType } from "#oci/media-types.ts";
import { replaceLayers } from "#oci/replace-layers.ts";
import { createLimit } from "#support/concurrency/limit.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord, ImageRecords } from "../store/image-records.ts";
import { usualCompression } from "../store/usual-compression.ts";
import { compressedBlob } from "./compressed-blob.ts";
import { type OutgoingBlob, unchangedBlob } from "./outgoing-blob.ts";
import type { PushPlan } from "./plan-push.ts";

/** Layers compressed at the same time. A long archive uses all processors. */
const concurrency = 2;

/** Returns the blobs of a push; compresses the plain layers of an image that was not pulled. */
export function outgoingBlobs(
  services: ImageServices,
  image: ImageRecord,
  plan: PushPlan,
  wanted: LayerCompression | "none" | undefined,
): OutgoingBlob[] {
  const compression = wanted ?? (isInRegistry(services.records, plan.top) ? "none" : usualCompression);
  const limit = createLimit(concurrency);
  const plain = new Set<Digest>(image.diffIds);
  // An index refers to its manifests by digest, so these stay as they are.
  const rewritable = isManifestType(plan.top.mediaType) && compression !== "none";
  return plan.blobs.map((blob) =>
    rewritable && isPlainLayer(blob, plain)
      ? compressedBlob(services, blob, { compression, limit })
      : unchangedBlob(services, blob),
  );
}

/** Returns the manifest with the blobs that were sent for its own. */
export async function rewriteManifest(
  content: BlobReader & BlobWriter,
  manifest: Descriptor,
  sent: ReadonlyMap<Digest, Descriptor>,
): Promise<Descriptor> {
  if ([...sent].every(([source, { digest }]) => source === digest)) return manifest;
  const bytes = replaceLayers(await content.read(manifest.digest, documentLimit), sent);
  return { mediaType: manifest.mediaType, ...(await content.put(bytes)) };
}

function isPlainLayer(
  blob: Descriptor,
  diffIds: ReadonlySet<Digest>,
): blob is Descriptor & { digest: DiffId } {
  return isLayerType(blob.mediaType) && diffIds.has(blob.digest);
}

/** Tests whether an image was pulled or pushed with a manifest: then the image keeps its digest. */
function isInRegistry(records: ImageRecords, { digest }: Descriptor): boolean {
  return records.digests().some(({ name }) => name.endsWith(`@${digest}`));
}
