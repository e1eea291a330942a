import type { LayerCompression } from "#layers/layers.ts";

/** Default compression of layers: gzip at its default level, as in Docker. */
export const usualCompression: LayerCompression = { format: "gzip", level: 6 };
