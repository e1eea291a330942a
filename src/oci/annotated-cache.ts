import { z } from "zod";
import { invalidArgument } from "#support/errors.ts";
import {
  type CacheBlob,
  type CacheStep,
  cacheAnnotations,
  cacheConfigType,
  encodeCache,
} from "./cache-config.ts";
import type { Descriptor } from "./descriptor.ts";
import { type Digest, digestOf, parseDigest } from "./digest.ts";
import { encodeJson } from "./encode-json.ts";
import { parseStrictJson } from "./strict-json.ts";

/**
 * Encodes a cache as one document that describes its blobs as well. Stores without manifests, such as the cache of
 * GitHub Actions, have caches in this form.
 */
export function encodeAnnotatedCache(
  steps: CacheStep[],
  sent: ReadonlyMap<Digest, Descriptor>,
): Uint8Array<ArrayBuffer> {
  const { layers, records, blobs } = encodeCache(steps, sent);
  const annotated = layers.map((layer, index) => ({ ...layer, ...annotationsOf(blobs[index]) }));
  return encodeJson({ layers: annotated, records });
}

function annotationsOf(blob: CacheBlob | undefined) {
  if (blob === undefined) return {};
  const { mediaType, size, annotations } = blob;
  const diffID = annotations[cacheAnnotations.diffId];
  return { annotations: { mediaType, diffID, size, createdAt: annotations[cacheAnnotations.created] } };
}

const layerSchema = z.looseObject({
  blob: z.string(),
  annotations: z.looseObject({
    mediaType: z.string(),
    diffID: z.string(),
    size: z.int().nonnegative(),
    createdAt: z.string().nullish(),
  }),
});
const schema = z.looseObject({ layers: z.array(z.unknown()).nullish() });

/** Returns the manifest of a cache whose configuration is the given document; layers without a description are left out. */
export function manifestOfAnnotatedCache(bytes: Uint8Array): { manifest: Uint8Array; config: Descriptor } {
  const result = schema.safeParse(parseStrictJson(bytes, "build cache"));
  if (!result.success) throw invalidArgument(`build cache: ${result.error.issues[0]?.message ?? "invalid"}`);
  const layers = (result.data.layers ?? []).flatMap((layer) => blobOf(layer) ?? []);
  const config = { mediaType: cacheConfigType, digest: digestOf(bytes), size: bytes.length };
  return { manifest: encodeJson({ schemaVersion: 2, config, layers }), config };
}

function blobOf(layer: unknown): CacheBlob | undefined {
  const result = layerSchema.safeParse(layer);
  if (!result.success) return undefined;
  const { blob, annotations } = result.data;
  const { mediaType, size, diffID, createdAt } = annotations;
  return {
    mediaType,
    digest: parseDigest(blob),
    size,
    annotations: {
      [cacheAnnotations.diffId]: diffID,
      ...(createdAt ? { [cacheAnnotations.created]: createdAt } : {}),
    },
  };
}
