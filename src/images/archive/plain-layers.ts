import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import { exportedManifest } from "#oci/exported-manifest.ts";
import { documentLimit, parseManifest } from "#oci/manifest.ts";
import { plainLayerType } from "#oci/media-types.ts";
import type { ImageServices } from "../services.ts";
import { storedBlobs } from "../store/stored-blobs.ts";
import { decompressArchive } from "./decompress-archive.ts";
import type { ArchiveParts, SavedImage } from "./write-archive.ts";

type Services = Pick<ImageServices, "content" | "layers">;

/**
 * Returns the parts of an archive in which the layers of an image are either all compressed or all plain: readers such as
 * go-containerregistry assume that all layers are like the first one. If an image has both, its compressed layers
 * become plain, as in the archives of Docker. The caller holds a lease.
 */
export async function withEqualLayers(services: Services, parts: ArchiveParts): Promise<ArchiveParts> {
  const changed = new Map<Digest, SavedImage>();
  const blobs = new Map(parts.blobs);
  for (const image of parts.saved) {
    if (!isMixed(image) || changed.has(image.top.digest)) continue;
    const bytes = await services.content.read(image.top.digest, documentLimit);
    const document = parseManifest(bytes, image.top.mediaType);
    // A changed manifest would need a changed index, because the index names it by digest.
    if (document.kind === "index") continue;
    const created = blobs.get(image.config)?.created ?? 0;
    const sent = await plainLayers(services, image, document.manifest.layers, parts.signal);
    for (const { digest, size } of sent.values()) blobs.set(digest, { size, created });
    const { mediaType } = image.top;
    const top = {
      mediaType,
      ...(await services.content.put(exportedManifest(bytes, { sent, annotations: {}, docker: false }))),
    };
    blobs.set(top.digest, { size: top.size, created });
    changed.set(image.top.digest, { ...image, top, layers: image.diffIds });
  }
  const saved = parts.saved.map((image) => ({ ...image, ...partsOf(changed.get(image.top.digest)) }));
  return { ...parts, saved, blobs: withoutUnused(blobs, parts.saved, saved) };
}

function isMixed({ layers, diffIds }: SavedImage): boolean {
  const plain = layers.filter((digest, index) => digest === diffIds[index]).length;
  return plain > 0 && plain < layers.length;
}

function partsOf(image: SavedImage | undefined): Partial<SavedImage> {
  return image === undefined ? {} : { top: image.top, layers: image.layers };
}

/** Writes the plain archive of each compressed layer into the store; returns the archives by the digests of the layers. */
async function plainLayers(
  services: Services,
  { diffIds }: SavedImage,
  layers: Descriptor[],
  signal: AbortSignal,
): Promise<Map<Digest, Descriptor>> {
  const stored = storedBlobs(services);
  const plain = new Map<Digest, Descriptor>();
  for (const [index, { digest, mediaType }] of layers.entries()) {
    const diffId = diffIds[index];
    if (diffId === undefined || diffId === digest || plain.has(digest)) continue;
    if (!(await stored.has(diffId))) {
      await services.content.adopt(decompressArchive(stored.stream(digest, signal)), { signal });
    }
    plain.set(digest, {
      mediaType: plainLayerType(mediaType),
      digest: diffId,
      size: await stored.size(diffId),
    });
  }
  return plain;
}

/** Removes manifests and layers that no image has after the change. */
function withoutUnused(
  blobs: ArchiveParts["blobs"],
  before: SavedImage[],
  after: SavedImage[],
): ArchiveParts["blobs"] {
  const digestsOf = (images: SavedImage[]) =>
    new Set<Digest>(images.flatMap(({ top, layers }) => [top.digest, ...layers]));
  const used = digestsOf(after);
  const dropped = digestsOf(before).difference(used);
  return new Map([...blobs].filter(([digest]) => !dropped.has(digest)));
}
