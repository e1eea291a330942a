import type { Expected } from "#content/content-store.ts";
import type { ImageConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { hostPlatform } from "#oci/platform.ts";
import { writeImage } from "../authoring/write-image.ts";
import type { ApplyChanges, ImageServices } from "../services.ts";
import { usualCompression } from "../store/usual-compression.ts";
import type { ImportOptions } from "./image-archives.ts";
import { layerMediaType } from "./layer-media-type.ts";

/** Creates an image with one layer from the tar of a root file system, compressed or not; returns its ID. */
export function importImage(
  services: ImageServices,
  archive: ReadableStream<Uint8Array>,
  options: ImportOptions,
): Promise<Digest> {
  return services.withLease(async () => {
    const { content, layers } = services;
    const { signal, reference } = options;
    const blob = await content.adopt(archive, { signal });
    const diffId = await layers.adopt((use) => withBlob(services, blob.digest, use), { signal });
    const layer = await storeArchive(services, { blob, diffId }, signal);
    const image = { config: configFor(diffId, options, services.applyChanges), layers: [layer] };
    return writeImage(services, image, reference ? [reference] : []);
  });
}

interface Imported {
  blob: Expected;
  diffId: DiffId;
}

/** Returns the blob of an imported layer. A plain archive is compressed, or removed if the layer makes it again. */
async function storeArchive(
  services: ImageServices,
  { blob, diffId }: Imported,
  signal: AbortSignal,
): Promise<Descriptor> {
  const { content, layers, records } = services;
  if (blob.digest !== diffId) return { mediaType: await layerMediaType(content, blob.digest), ...blob };
  const isMadeAgain = await layers.confirmArchive(diffId, { signal });
  if (isMadeAgain) {
    await content.remove(diffId);
    return { mediaType: mediaTypes.layer, ...blob };
  }
  const options = { compression: usualCompression, signal, onProgress: () => {} };
  const compressed = await withBlob(services, diffId, (archive) =>
    content.fill((descriptor) => layers.compress(archive, descriptor, options)),
  );
  records.addVerified(compressed.digest, diffId);
  // A loaded image may refer to the plain archive.
  if (!records.all().some((image) => image.layers.includes(diffId))) await content.remove(diffId);
  return { mediaType: mediaTypes.layerGzip, ...compressed };
}

async function withBlob<T>(
  { content }: Pick<ImageServices, "content">,
  blob: Digest,
  use: (descriptor: number) => Promise<T>,
): Promise<T> {
  await using file = await content.open(blob);
  return await use(file.fd);
}

function configFor(
  diffId: DiffId,
  { changes, message, platform }: ImportOptions,
  applyChanges: ApplyChanges,
): ImageConfig {
  const { os, architecture, variant } = platform ?? hostPlatform();
  const created = new Date().toISOString();
  return {
    os,
    architecture,
    ...(variant ? { variant } : {}),
    created,
    config: applyChanges({}, changes),
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created, comment: message || "Imported from -" }],
  };
}
