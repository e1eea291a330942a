import { z } from "zod";
import type { ImageConfig } from "./config.ts";

/** A step of a build that an image tells of: who computes the same key may take the layer in its place. */
export interface InlineStep {
  key: string;
  /** Number of its layer, from 0; none where no file was changed. */
  layer: number | null;
}

const field = "tbox.cache.v1";

const schema = z.array(
  z.tuple([z.string().regex(/^[0-9a-f]{64}$/), z.number().int().nonnegative().nullable()]),
);

/** The fields of a configuration that tell of steps. */
export function inlineCache(steps: InlineStep[]): Record<string, unknown> {
  return { [field]: steps.map(({ key, layer }) => [key, layer]) };
}

/** Nothing where a configuration tells of none, or in a way that is not known. */
export function readInlineCache(config: ImageConfig): InlineStep[] {
  const result = schema.safeParse(config[field]);
  if (!result.success) return [];
  const layers = config.rootfs.diff_ids.length;
  return result.data
    .map(([key, layer]) => ({ key, layer }))
    .filter(({ layer }) => layer === null || layer < layers);
}
