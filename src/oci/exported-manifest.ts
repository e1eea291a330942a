import { z } from "zod";
import type { Descriptor } from "./descriptor.ts";
import { dockerType } from "./docker-types.ts";
import { encodeJson } from "./encode-json.ts";
import { parseStrictJson } from "./strict-json.ts";

const part = z.looseObject({ digest: z.string(), mediaType: z.string() });
const schema = z.looseObject({
  mediaType: z.string(),
  config: part,
  layers: z.array(part),
  annotations: z.record(z.string(), z.string()).optional(),
});

/**
 * Returns a manifest with other blobs for some layers, more annotations and, for programs without OCI's types, Docker's.
 * Returns the bytes unchanged if there is nothing to change.
 */
export function exportedManifest(
  bytes: Uint8Array,
  {
    sent,
    annotations,
    docker,
  }: { sent: ReadonlyMap<string, Descriptor>; annotations: Record<string, string>; docker: boolean },
): Uint8Array {
  const unchanged = [...sent].every(([source, { digest }]) => source === digest);
  const adds = Object.keys(annotations).length > 0;
  if (unchanged && !adds && !docker) return bytes;
  const manifest = schema.parse(parseStrictJson(bytes, "manifest"));
  const typed = <Part extends { mediaType: string }>(one: Part) =>
    docker ? { ...one, mediaType: dockerType(one.mediaType) } : one;
  const layers = manifest.layers.map((layer) => typed({ ...layer, ...sent.get(layer.digest) }));
  return encodeJson({
    ...typed(manifest),
    config: typed(manifest.config),
    layers,
    ...(adds ? { annotations: { ...manifest.annotations, ...annotations } } : {}),
  });
}
