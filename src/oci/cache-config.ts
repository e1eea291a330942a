import { z } from "zod";
import { invalidArgument } from "#support/errors.ts";
import { type Descriptor, descriptorSchema } from "./descriptor.ts";
import { type DiffId, type Digest, parseDiffId } from "./digest.ts";
import { parseStrictJson } from "./strict-json.ts";

/** Media type of the configuration of a build cache in BuildKit's format. */
export const cacheConfigType = "application/vnd.buildkit.cacheconfig.v0";

/** Annotations of a layer of a cache. */
export const cacheAnnotations = {
  diffId: "containerd.io/uncompressed",
  created: "buildkit/createdat",
} as const;

/** A result in a build cache. */
export interface CacheStep {
  /** Hexadecimal SHA-256 of everything that the result depends on. */
  key: string;
  /** Milliseconds since the epoch. */
  created: number;
  /** Layer with the changes; absent if the step changed no file. */
  layer?: CacheLayer;
}

export interface CacheLayer {
  diffId: DiffId;
  descriptor: Descriptor;
  /** Layer below, if the cache has it. */
  below?: DiffId;
}

/** A layer of a cache as its manifest describes it. */
export type CacheBlob = Descriptor & { annotations: Record<string, string> };

/** Configuration of a cache and the blobs of its layers, in the same order. */
export interface EncodedCache {
  layers: { blob: Digest; parent: number }[];
  records: { digest: string; layers?: { layer: number; createdAt: string }[] }[];
  blobs: CacheBlob[];
}

/** Describes a cache; `sent` has the blobs of the layers by the digests of their descriptors. */
export function encodeCache(steps: CacheStep[], sent: ReadonlyMap<Digest, Descriptor>): EncodedCache {
  const layers = uniqueLayers(steps);
  const places = new Map(layers.map(({ diffId }, index) => [diffId, index]));
  const blobOf = ({ descriptor }: CacheLayer) => sent.get(descriptor.digest) ?? descriptor;
  const placeOf = ({ diffId }: CacheLayer) => places.get(diffId) ?? -1;
  const records = steps.map(({ key, created, layer }) => ({
    digest: `sha256:${key}`,
    ...(layer === undefined
      ? {}
      : { layers: [{ layer: placeOf(layer), createdAt: new Date(created).toISOString() }] }),
  }));
  const blobs = layers.map((layer) => ({
    ...blobOf(layer),
    annotations: {
      [cacheAnnotations.diffId]: layer.diffId,
      [cacheAnnotations.created]: new Date(layer.created).toISOString(),
    },
  }));
  return {
    layers: layers.map((layer) => ({
      blob: blobOf(layer).digest,
      parent: (layer.below === undefined ? undefined : places.get(layer.below)) ?? -1,
    })),
    records,
    blobs,
  };
}

function uniqueLayers(steps: CacheStep[]): (CacheLayer & { created: number })[] {
  const found = new Map<DiffId, CacheLayer & { created: number }>();
  for (const { layer, created } of steps) {
    if (layer && !found.has(layer.diffId)) found.set(layer.diffId, { ...layer, created });
  }
  return [...found.values()];
}

const annotated = descriptorSchema.extend({ annotations: z.record(z.string(), z.string()).nullish() });
const list = z.array(annotated).nullish();
const manifestSchema = z.looseObject({ config: annotated.nullish(), layers: list, manifests: list });

/** Parts of a cache's manifest. */
export interface CacheManifest {
  config: Descriptor;
  /** Blobs of the layers by digest. */
  blobs: Map<Digest, CacheBlob>;
}

/** Parses the manifest of a cache, which is an image manifest or an index; undefined for any other manifest. */
export function parseCacheManifest(bytes: Uint8Array): CacheManifest | undefined {
  const result = manifestSchema.safeParse(parseStrictJson(bytes, "manifest"));
  if (!result.success) return undefined;
  const { config, layers, manifests } = result.data;
  const all = [...(layers ?? []), ...(manifests ?? [])];
  const found = [...(config ? [config] : []), ...all].find(({ mediaType }) => mediaType === cacheConfigType);
  if (!found) return undefined;
  const others = all.filter(({ mediaType }) => mediaType !== cacheConfigType);
  const blobs = others.map((one): [Digest, CacheBlob] => [
    one.digest,
    { ...one, annotations: one.annotations ?? {} },
  ]);
  return { config: found, blobs: new Map(blobs) };
}

const configSchema = z.looseObject({
  layers: z.array(z.looseObject({ blob: z.string().default("") })).nullish(),
  records: z
    .array(
      z.looseObject({
        digest: z.string().default(""),
        layers: z
          .array(z.looseObject({ layer: z.int().default(0), createdAt: z.string().nullish() }))
          .nullish(),
      }),
    )
    .nullish(),
});

/**
 * Parses the configuration of a cache. Results that BuildKit links to other results have keys that no build of tbox
 * computes; they are returned like the others.
 */
export function parseCacheConfig(bytes: Uint8Array, { blobs }: CacheManifest): CacheStep[] {
  const result = configSchema.safeParse(parseStrictJson(bytes, "build cache"));
  if (!result.success) throw invalidArgument(`build cache: ${result.error.issues[0]?.message ?? "invalid"}`);
  const layers = result.data.layers ?? [];
  return (result.data.records ?? []).flatMap(({ digest, layers: results }): CacheStep[] => {
    const [, key = ""] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
    if (key === "") return [];
    const [first] = results ?? [];
    if (!first) return [{ key, created: 0 }];
    const blob = blobs.get((layers[first.layer]?.blob ?? "") as Digest);
    const diffId = blob?.annotations[cacheAnnotations.diffId];
    if (!blob || diffId === undefined) return [];
    const { mediaType, size } = blob;
    const descriptor = { mediaType, digest: blob.digest, size };
    const created = Date.parse(first.createdAt ?? "") || 0;
    return [{ key, created, layer: { diffId: parseDiffId(diffId), descriptor } }];
  });
}
