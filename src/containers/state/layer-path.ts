import { type DiffId, splitDigest } from "#oci/digest.ts";

/** Returns a layer's path in the directory `layers` of the store. */
export function layerPath(diffId: DiffId): string {
  const { algorithm, hex } = splitDigest(diffId);
  return `${algorithm}/${hex}`;
}
