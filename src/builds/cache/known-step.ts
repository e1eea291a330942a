import type { RemoteContent } from "#images/transfer/remote-content.ts";
import { createdAt, type ImageConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId } from "#oci/digest.ts";
import { readInlineCache } from "#oci/inline-cache.ts";

/** A step recorded in an image or in an exported cache. */
export interface KnownStep {
  layer?: { diffId: DiffId; descriptor: Descriptor };
  /** Milliseconds since the epoch. */
  created: number;
  /** Where the layer is, unless it is in the store. */
  remote?: RemoteContent;
}

/** Returns the steps that an image records, by their cache keys. */
export function recordedSteps({
  config,
  diffIds,
  layers,
}: {
  config: ImageConfig;
  diffIds: DiffId[];
  layers: Descriptor[];
}): [string, KnownStep][] {
  const made = (config.history ?? []).filter(({ empty_layer: empty }) => !empty);
  return readInlineCache(config).flatMap(({ key, layer }): [string, KnownStep][] => {
    if (layer === null) return [[key, { created: createdAt(config) }]];
    const [diffId, descriptor] = [diffIds[layer], layers[layer]];
    if (diffId === undefined || descriptor === undefined) return [];
    const created = Date.parse(made[layer]?.created ?? "") || createdAt(config);
    return [[key, { layer: { diffId, descriptor }, created }]];
  });
}
