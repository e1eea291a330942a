import type { FileHandle } from "node:fs/promises";
import type { ContentStore } from "#content/content-store.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { isLayerType } from "#oci/media-types.ts";
import type { ImageServices } from "../services.ts";
import { isMadeAgain } from "../store/stored-blobs.ts";

export interface PrepareOptions {
  signal: AbortSignal;
  /** Called with the bytes of a layer's archive that were compressed so far. */
  onProgress: (bytes: number) => void;
}

/** A blob of a push. */
export interface OutgoingBlob {
  /** Blob that progress is reported for: the layer as it is in the store. */
  source: Descriptor;
  isLayer: boolean;
  /** Returns the blob that is sent. May compress a layer for that, once. */
  prepare(options: PrepareOptions): Promise<Descriptor>;
  /** Opens the bytes of the prepared blob. */
  open(signal: AbortSignal): Promise<FileHandle>;
}

/** Returns a blob that is sent as it is. */
export function unchangedBlob(
  services: Pick<ImageServices, "content" | "layers">,
  source: Descriptor,
): OutgoingBlob {
  return {
    source,
    isLayer: isLayerType(source.mediaType),
    prepare: async () => source,
    open: (signal) => openArchive(services, source, signal),
  };
}

/** Opens a blob. Writes the archive of a layer into the store first if the layer has no blob. */
async function openArchive(
  { content, layers }: { content: ContentStore; layers: ImageServices["layers"] },
  { digest }: Descriptor,
  signal: AbortSignal,
): Promise<FileHandle> {
  if (isMadeAgain({ layers }, digest) && !(await content.has(digest))) {
    await content.fill((descriptor) => layers.pack(digest, descriptor, { signal }));
  }
  return content.open(digest);
}
