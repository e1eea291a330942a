import { encodeAnnotatedCache } from "#oci/annotated-cache.ts";
import { cacheConfigType, encodeCache } from "#oci/cache-config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import { dockerType } from "#oci/docker-types.ts";
import { encodeJson } from "#oci/encode-json.ts";
import { mediaTypes } from "#oci/media-types.ts";
import type { ImageServices } from "../services.ts";
import { unchangedBlob } from "../transfer/outgoing-blob.ts";
import { type BlobDestination, type PushBlobsOptions, pushBlobs } from "../transfer/push-blobs.ts";
import type { CacheExport, CacheStore, ExportOptions, ExportTarget } from "./image-exports.ts";
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
    const place = openTarget(services, target);
    const { destination } = place;
    const sources = { ...place, ...options };
    const sent = await sendLayers(services, cache, { ...sources, destination });
    if (sent === undefined) return undefined;
    const { blobs, ...described } = encodeCache(cache.steps, sent);
    const configBlob = {
      mediaType: cacheConfigType,
      ...(await services.content.put(encodeJson(described))),
    };
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

/** Sends the layers of a build cache and the document that describes them; returns whether there are layers. */
export function storeCache(
  services: ImageServices,
  cache: Pick<CacheExport, "steps" | "compression">,
  store: CacheStore,
  options: ExportOptions,
): Promise<boolean> {
  return services.withLease(async () => {
    const sent = await sendLayers(services, cache, { destination: store, sources: new Map(), ...options });
    if (sent === undefined) return false;
    await store.putIndex(encodeAnnotatedCache(cache.steps, sent), options.signal);
    return true;
  });
}

/** Sends the layers of a cache; returns the sent blob for each layer, undefined if there are none. */
async function sendLayers(
  services: ImageServices,
  { steps, compression }: Pick<CacheExport, "steps" | "compression">,
  { destination, ...options }: PushBlobsOptions & { destination: BlobDestination },
): Promise<Map<Digest, Descriptor> | undefined> {
  const layers = steps.flatMap(({ layer }) => layer ?? []);
  if (layers.length === 0) return undefined;
  return pushBlobs(destination, outgoingLayers(services, layers, compression), options);
}

function manifestOf({ types, imageManifest }: CacheExport, config: Descriptor, blobs: Descriptor[]) {
  const typed =
    types === "docker" ? blobs.map((one) => ({ ...one, mediaType: dockerType(one.mediaType) })) : blobs;
  if (imageManifest) return { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: typed };
  const mediaType = types === "docker" ? mediaTypes.dockerList : mediaTypes.index;
  return { schemaVersion: 2, mediaType, manifests: [...typed, config] };
}
