import type { WriteArchive } from "#layers/layers.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { type DiffId, parseDiffId } from "#oci/digest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import type { ImageServices } from "../services.ts";
import { unpackLayer } from "../store/image-parts.ts";

/** A layer of a build, commit or import, with the descriptor of its plain archive. */
export interface AdoptedLayer {
  diffId: DiffId;
  descriptor: Descriptor;
}

/** Adds a layer from its plain archive. The archive is stored only if the layer's files do not make it again. */
export async function adoptLayer(
  services: Pick<ImageServices, "content" | "layers" | "records">,
  write: WriteArchive,
  signal: AbortSignal,
): Promise<AdoptedLayer> {
  const { content, layers } = services;
  const diffId = await layers.adoptFrom(write, signal);
  if (await layers.confirmArchive(diffId, { signal })) {
    return { diffId, descriptor: plainArchive(diffId, layers.archiveSize(diffId) ?? 0) };
  }
  const { digest, size } = await content.fill(async (descriptor) => {
    await write(descriptor, signal);
    return undefined;
  });
  const written = parseDiffId(digest);
  await unpackLayer(services, digest, written, { signal });
  return { diffId: written, descriptor: plainArchive(written, size) };
}

function plainArchive(digest: DiffId, size: number): Descriptor {
  return { mediaType: mediaTypes.layer, digest, size };
}
