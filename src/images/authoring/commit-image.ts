import type { ImageConfig } from "#oci/config.ts";
import { type DiffId, type Digest, parseDiffId } from "#oci/digest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { MissingImageError } from "../missing-image-error.ts";
import type { ApplyChanges, ImageServices } from "../services.ts";
import { layersOf, unpackLayer } from "../store/image-parts.ts";
import type { CommitOptions } from "./image-authoring.ts";
import { writeImage } from "./write-image.ts";

/** Digest of a tar without entries. Such a layer is left out. */
const emptyTar = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

/** Creates an image from another one and a layer on top of it; returns its ID. */
export function commitImage(
  services: ImageServices,
  layer: AsyncIterable<Uint8Array>,
  { parent, signal, reference, ...options }: CommitOptions,
): Promise<Digest> {
  return services.withLease(async () => {
    const { content, records } = services;
    const base = records.get(parent);
    if (!base) throw new MissingImageError(parent);
    const layers = await layersOf(services, base.manifest);
    const blob = await content.adopt(layer, { signal });
    const added = blob.digest === emptyTar ? undefined : parseDiffId(blob.digest);
    if (added !== undefined) {
      await unpackLayer(services, blob.digest, added, { signal });
      layers.push({ mediaType: mediaTypes.layer, ...blob });
    }
    const config = configFor(base.config, added, { ...options, applyChanges: services.applyChanges });
    return writeImage(services, { config, layers, parent }, reference ? [reference] : []);
  });
}

interface ConfigOptions extends Omit<CommitOptions, "parent" | "signal" | "reference"> {
  applyChanges: ApplyChanges;
}

function configFor(
  base: ImageConfig,
  added: DiffId | undefined,
  { config, changes, createdBy, author, comment, applyChanges }: ConfigOptions,
): ImageConfig {
  const created = new Date().toISOString();
  const step = {
    created,
    created_by: createdBy,
    ...(author === "" ? {} : { author }),
    ...(comment === "" ? {} : { comment }),
    ...(added === undefined ? { empty_layer: true } : {}),
  };
  return {
    ...base,
    created,
    ...(author === "" ? {} : { author }),
    config: applyChanges(config, changes),
    rootfs: { type: "layers", diff_ids: [...base.rootfs.diff_ids, ...(added === undefined ? [] : [added])] },
    history: [...(base.history ?? []), step],
  };
}
