import { z } from "zod";
import type { Descriptor } from "./descriptor.ts";
import { encodeJson } from "./encode-json.ts";
import { parseStrictJson } from "./strict-json.ts";

const manifestSchema = z.looseObject({ layers: z.array(z.looseObject({ digest: z.string() })) });

/** Returns a manifest with other blobs for some layers; everything else stays as it is. */
export function replaceLayers(manifest: Uint8Array, blobs: ReadonlyMap<string, Descriptor>): Uint8Array {
  const { layers, ...rest } = manifestSchema.parse(parseStrictJson(manifest, "manifest"));
  return encodeJson({ ...rest, layers: layers.map((layer) => ({ ...layer, ...blobs.get(layer.digest) })) });
}
