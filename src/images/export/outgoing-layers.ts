import type { LayerCompression } from "#layers/layers.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import { plainLayerType } from "#oci/media-types.ts";
import { createLimit } from "#support/concurrency/limit.ts";
import { decompressArchive } from "../archive/decompress-archive.ts";
import type { ImageServices } from "../services.ts";
import { isMadeAgain, storedBlobs } from "../store/stored-blobs.ts";
import { compressedBlob } from "../transfer/compressed-blob.ts";
import { type OutgoingBlob, type PrepareOptions, unchangedBlob } from "../transfer/outgoing-blob.ts";
import type { ExportCompression } from "./image-exports.ts";

type Services = Pick<ImageServices, "content" | "layers" | "records">;

/** A layer of the store and its blob. */
export interface ExportedLayer {
  diffId: DiffId;
  descriptor: Descriptor;
}

/** Layers compressed at the same time. A long archive uses all processors. */
const concurrency = 2;

/** Returns the blobs that are sent for layers, each once. */
export function outgoingLayers(
  services: Services,
  layers: ExportedLayer[],
  compression: ExportCompression,
): OutgoingBlob[] {
  const limit = createLimit(concurrency);
  const unique = new Map<Digest, ExportedLayer>(layers.map((layer) => [layer.descriptor.digest, layer]));
  return [...unique.values()].map(({ diffId, descriptor }) => {
    const isPlain = descriptor.digest === diffId;
    const make = (source: Descriptor & { digest: DiffId }) =>
      converted(services, source, compression.type, limit);
    if (isPlain) return make({ ...descriptor, digest: diffId });
    return ofCompressed(services, { diffId, descriptor }, { make, keeps: !compression.force });
  });
}

function converted(
  services: Services,
  source: Descriptor & { digest: DiffId },
  type: LayerCompression | "none",
  limit: ReturnType<typeof createLimit>,
): OutgoingBlob {
  if (type === "none") return unchangedBlob(services, source);
  return compressedBlob(services, source, { compression: type, limit });
}

/**
 * Returns the blob for a layer whose own blob is compressed: with `keeps` this blob, unless the store lacks it because
 * the layer makes it again, otherwise the blob that `make` makes of the plain archive.
 */
function ofCompressed(
  services: Services,
  { diffId, descriptor }: ExportedLayer,
  { make, keeps }: { make: (plain: Descriptor & { digest: DiffId }) => OutgoingBlob; keeps: boolean },
): OutgoingBlob {
  const { content, layers } = services;
  let made: OutgoingBlob | undefined;
  const prepare = async (options: PrepareOptions) => {
    const stored = storedBlobs(services);
    if (keeps && (await content.has(descriptor.digest))) {
      made = unchangedBlob(services, descriptor);
      return descriptor;
    }
    if (!isMadeAgain({ layers }, diffId) && !(await content.has(diffId))) {
      await content.adopt(decompressArchive(stored.stream(descriptor.digest, options.signal)), options);
    }
    const size = await stored.size(diffId);
    made = make({ mediaType: plainLayerType(descriptor.mediaType), digest: diffId, size });
    return made.prepare(options);
  };
  return {
    source: descriptor,
    isLayer: true,
    prepare,
    async open(signal) {
      if (!made) await prepare({ signal, onProgress: () => {} });
      return (made ?? unchangedBlob(services, descriptor)).open(signal);
    },
  };
}
