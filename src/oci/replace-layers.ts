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

/** Returns a document with other digests, and other sizes beside them, wherever it refers to the replaced ones. */
export function replaceDigests(document: Uint8Array, replaced: ReadonlyMap<string, Descriptor>): Uint8Array {
  if (replaced.size === 0) return document;
  const visit = (value: unknown): unknown => {
    if (typeof value === "string") return replaced.get(value)?.digest ?? value;
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([name, one]) => [name, visit(one)]);
    const changed =
      "digest" in value && typeof value.digest === "string" ? replaced.get(value.digest) : undefined;
    return { ...Object.fromEntries(entries), ...(changed && "size" in value ? { size: changed.size } : {}) };
  };
  return encodeJson(Object(visit(parseStrictJson(document, "document"))));
}
