import type { ImageConfig } from "#oci/config.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import { hostPlatform } from "#oci/platform.ts";
import { writeImage } from "../authoring/write-image.ts";
import type { ApplyChanges, ImageServices } from "../services.ts";
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
    const diffId = await layers.adopt(
      async (use) => {
        await using file = await content.open(blob.digest);
        return await use(file.fd);
      },
      { signal },
    );
    const layer = { mediaType: await layerMediaType(content, blob.digest), ...blob };
    const image = { config: configFor(diffId, options, services.applyChanges), layers: [layer] };
    return writeImage(services, image, reference ? [reference] : []);
  });
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
