import { type DiffId, splitDigest } from "#oci/digest.ts";

/** Directory of all layers, relative to the store. */
export const layersDirectory = "layers/sha256";

/** Directory of unfinished unpacking, relative to the store. */
export const stagingDirectory = "layers/.staging";

/** Returns a layer's directory, relative to the store. */
export function layerPath(diffId: DiffId): string {
  return `${layersDirectory}/${splitDigest(diffId).hex}`;
}
