import { z } from "zod";
import type { ImageConfig } from "./config.ts";

/** A build step recorded in an image. A build with the same cache key can reuse its layer. */
export interface InlineStep {
  key: string;
  /** Index of the layer, from 0; null for a step that changed no file. */
  layer: number | null;
}

const field = "tbox.cache.v1";

const schema = z.array(
  z.tuple([z.string().regex(/^[0-9a-f]{64}$/), z.number().int().nonnegative().nullable()]),
);

/** Returns the configuration fields that record steps. */
export function inlineCache(steps: InlineStep[]): Record<string, unknown> {
  return { [field]: steps.map(({ key, layer }) => [key, layer]) };
}

/** Returns the recorded steps of a configuration; none for an unknown format. */
export function readInlineCache(config: ImageConfig): InlineStep[] {
  const result = schema.safeParse(config[field]);
  if (!result.success) return [];
  const layers = config.rootfs.diff_ids.length;
  return result.data
    .map(([key, layer]) => ({ key, layer }))
    .filter(({ layer }) => layer === null || layer < layers);
}
