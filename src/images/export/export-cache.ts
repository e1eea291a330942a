import { cacheConfigType, encodeCache } from "#oci/cache-config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { dockerType } from "#oci/docker-types.ts";
import { encodeJson } from "#oci/encode-json.ts";
import { mediaTypes } from "#oci/media-types.ts";
import type { ImageServices } from "../services.ts";
import { unchangedBlob } from "../transfer/outgoing-blob.ts";
import { pushBlobs } from "../transfer/push-blobs.ts";
import type { CacheExport, ExportOptions, ExportTarget } from "./image-exports.ts";
import { outgoingLayers } from "./outgoing-layers.ts";
import { openTarget, putManifests } from "./send-images.ts";

/** Sends the layers, the configuration and the manifest of a build cache. */
export function sendCache(
  services: ImageServices,
  cache: CacheExport,
  target: ExportTarget,
  options: ExportOptions,
): Promise<Descriptor | undefined> {
  return services.withLease(async () => {
    const layers = cache.steps.flatMap(({ layer }) => layer ?? []);
    if (layers.length === 0) return undefined;
    const place = openTarget(services, target);
    const { destination } = place;
    const sources = { ...place, ...options };
    const sent = await pushBlobs(destination, outgoingLayers(services, layers, cache.compression), sources);
    const { config, blobs } = encodeCache(cache.steps, sent);
    const configBlob = { mediaType: cacheConfigType, ...(await services.content.put(config)) };
    await pushBlobs(destination, [unchangedBlob(services, configBlob)], sources);
    const manifest = manifestOf(cache, configBlob, blobs);
    const bytes = await services.content.put(encodeJson(manifest));
    const top = { mediaType: manifest.mediaType, ...bytes };
    const { signal } = options;
    await putManifests(services, {
      destination,
      assembled: { top, manifests: [] },
      name: place.name,
      signal,
    });
    return top;
  });
}

function manifestOf({ types, imageManifest }: CacheExport, config: Descriptor, blobs: Descriptor[]) {
  const typed =
    types === "docker" ? blobs.map((one) => ({ ...one, mediaType: dockerType(one.mediaType) })) : blobs;
  if (imageManifest) return { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: typed };
  const mediaType = types === "docker" ? mediaTypes.dockerList : mediaTypes.index;
  return { schemaVersion: 2, mediaType, manifests: [...typed, config] };
}
