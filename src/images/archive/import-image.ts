import type { ImageConfig } from "#oci/config.ts";
import type { Digest } from "#oci/digest.ts";
import { hostPlatform } from "#oci/platform.ts";
import type { ImportOptions } from "../images.ts";
import type { ImageServices } from "../services.ts";
import { applyChanges } from "../store/config-changes.ts";
import { layerType } from "../store/layer-type.ts";
import { writeImage } from "../store/write-image.ts";

/** Makes an image of one layer out of a tar of a root file system, compressed or not; gives its ID. */
export function importImage(
  services: ImageServices,
  archive: ReadableStream<Uint8Array>,
  options: ImportOptions,
): Promise<Digest> {
  return services.withLease(async () => {
    const { content, layers } = services;
    const { signal } = options;
    const blob = await content.adopt(archive, { signal });
    const diffId = await layers.adopt(
      async (use) => {
        await using file = await content.open(blob.digest);
        return await use(file.fd);
      },
      { signal },
    );
    const layer = { mediaType: await layerType(content, blob.digest), ...blob };
    const { reference } = options;
    return writeImage(
      services,
      { config: configFor(diffId, options), layers: [layer] },
      reference ? [reference] : [],
    );
  });
}

function configFor(diffId: string, { changes, message, platform }: ImportOptions): ImageConfig {
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
