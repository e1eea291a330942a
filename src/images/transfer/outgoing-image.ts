import type { LayerCompression } from "#layers/layers.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import { isLayerType } from "#oci/media-types.ts";
import { createLimit } from "#support/concurrency/limit.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord, ImageRecords } from "../store/image-records.ts";
import { usualCompression } from "../store/usual-compression.ts";
import { compressedBlob } from "./compressed-blob.ts";
import { type OutgoingBlob, unchangedBlob } from "./outgoing-blob.ts";
import type { PushPlan } from "./plan-push.ts";

/** Layers compressed at the same time. A long archive uses all processors. */
const concurrency = 2;

/** Returns the blobs of a push; compresses the plain layers of images that were not pulled. */
export function outgoingBlobs(
  services: ImageServices,
  image: ImageRecord,
  plan: PushPlan,
  wanted: LayerCompression | "none" | undefined,
): OutgoingBlob[] {
  const compression = wanted ?? (isInRegistry(services.records, plan.top) ? "none" : usualCompression);
  const limit = createLimit(concurrency);
  const plain = new Set<Digest>(imagesOf(services.records, image, plan).flatMap(({ diffIds }) => diffIds));
  // The manifests that a registry must have stay as they are, and so does an index of them.
  const rewritable = plan.missing.length === 0 && compression !== "none";
  return plan.blobs.map((blob) =>
    rewritable && isPlainLayer(blob, plain)
      ? compressedBlob(services, blob, { compression, limit })
      : unchangedBlob(services, blob),
  );
}

/** Returns the images of the store that a push sends. */
function imagesOf(records: ImageRecords, image: ImageRecord, { manifests }: PushPlan): ImageRecord[] {
  const sent = new Set(manifests.map(({ digest }) => digest));
  return [image, ...records.all().filter(({ manifest }) => sent.has(manifest.digest))];
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
