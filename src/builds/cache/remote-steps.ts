import type { RemoteContent } from "#images/transfer/remote-content.ts";
import { parseCacheConfig, parseCacheManifest } from "#oci/cache-config.ts";
import { chooseManifest } from "#oci/choose-manifest.ts";
import { diffIdsOf, parseConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { parseManifest } from "#oci/manifest.ts";
import { hostPlatform } from "#oci/platform.ts";
import type { ImageSource } from "../solve/base-image.ts";
import { type KnownStep, recordedSteps } from "./known-step.ts";

/**
 * Reads the steps of an exported cache, or those recorded in an image outside the store, by their cache keys. Layers
 * are fetched later, when a build needs them.
 */
export async function readRemoteSteps(
  source: ImageSource,
  remote: RemoteContent,
): Promise<[string, KnownStep][]> {
  const top = await remote.top(source.signal);
  const read = (document: Descriptor) => source.services.images.readRemote(remote, document, source.signal);
  const cache = parseCacheManifest(top);
  const steps = cache
    ? parseCacheConfig(await read(cache.config), cache).map(({ key, ...step }): [string, KnownStep] => [
        key,
        step,
      ])
    : await readImage(top, { read, platform: source.request.platform ?? hostPlatform(), name: remote.name });
  return steps.map(([key, step]) => [key, { ...step, remote }]);
}

interface ImageToRead {
  read(document: Descriptor): Promise<Uint8Array>;
  platform: ReturnType<typeof hostPlatform>;
  name: string;
}

async function readImage(bytes: Uint8Array, image: ImageToRead): Promise<[string, KnownStep][]> {
  const document = parseManifest(bytes, undefined);
  if (document.kind === "index") {
    const chosen = chooseManifest(document.index, image.platform, image.name);
    return readImage(await image.read(chosen), image);
  }
  const { config: descriptor, layers } = document.manifest;
  const config = parseConfig(await image.read(descriptor));
  return recordedSteps({ config, diffIds: diffIdsOf(config), layers });
}
