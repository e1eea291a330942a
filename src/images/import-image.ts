import type { ImageConfig } from "#oci/config.ts";
import type { Digest } from "#oci/digest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { hostPlatform } from "#oci/platform.ts";
import { applyChanges } from "./changes.ts";
import type { ImportOptions } from "./images.ts";
import type { Workshop } from "./workshop.ts";
import { writeImage } from "./write-image.ts";

/** Makes an image of one layer out of a tar of a root file system, compressed or not; gives its ID. */
export function importImage(
  workshop: Workshop,
  archive: ReadableStream<Uint8Array>,
  options: ImportOptions,
): Promise<Digest> {
  return workshop.protect(async () => {
    const { content, layers } = workshop;
    const { signal } = options;
    const blob = await content.adopt(archive, { signal });
    const diffId = await layers.adopt(
      async (use) => {
        await using file = await content.open(blob.digest);
        return await use(file.fd);
      },
      { signal },
    );
    const layer = { mediaType: await layerType(workshop, blob.digest), ...blob };
    return writeImage(workshop, { config: configFor(diffId, options), layers: [layer] }, options.reference);
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
    history: [{ created, created_by: "import", comment: message || "Imported from -" }],
  };
}

/** The media type says how the blob is compressed; its first bytes tell. */
async function layerType({ content }: Workshop, blob: Digest): Promise<string> {
  await using file = await content.open(blob);
  const head = Buffer.alloc(4);
  await file.read(head, 0, 4, 0);
  if (head[0] === 0x1f && head[1] === 0x8b) return mediaTypes.layerGzip;
  return head.readUInt32LE(0) === 0xfd2fb528 ? mediaTypes.layerZstd : mediaTypes.layer;
}
