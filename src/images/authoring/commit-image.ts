import type { WriteArchive } from "#layers/layers.ts";
import type { ImageConfig } from "#oci/config.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import { MissingImageError } from "../missing-image-error.ts";
import type { ApplyChanges, ImageServices } from "../services.ts";
import { layersOf } from "../store/image-parts.ts";
import { adoptLayer } from "./adopt-layer.ts";
import type { CommitOptions } from "./image-authoring.ts";
import { writeImage } from "./write-image.ts";

/** Digest of a tar without entries. Such a layer is left out. */
const emptyTar = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

/** Creates an image from another one and a layer on top of it; returns its ID. */
export function commitImage(
  services: ImageServices,
  layer: WriteArchive,
  { parent, signal, reference, ...options }: CommitOptions,
): Promise<Digest> {
  return services.withLease(async () => {
    const { records } = services;
    const base = records.get(parent);
    if (!base) throw new MissingImageError(parent);
    const layers = await layersOf(services, base.manifest);
    const { diffId, descriptor } = await adoptLayer(services, layer, signal);
    const added = diffId === emptyTar ? undefined : diffId;
    if (added !== undefined) layers.push(descriptor);
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
