import type { LayerCompression } from "#layers/layers.ts";

/** Compression of layers unless the user wants another one: the usual level of gzip, as in Docker. */
export const usualCompression: LayerCompression = { format: "gzip", level: 6 };
