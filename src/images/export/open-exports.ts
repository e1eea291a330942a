import { hostPlatform, matchesPlatform } from "#oci/platform.ts";
import { canonicalRepository, withDefaultTag } from "#oci/reference.ts";
import type { ImageServices } from "../services.ts";
import { archiveImages } from "./archive-images.ts";
import { assemble, exportedRecord } from "./assemble.ts";
import { sendCache, storeCache } from "./export-cache.ts";
import type { ImageExports, ImageSet } from "./image-exports.ts";
import { sendImages } from "./send-images.ts";

export function openExports(services: ImageServices): ImageExports {
  return {
    sendImages: (set, target, options) => sendImages(services, set, target, options),
    archiveImages: (set, options, send) => archiveImages(services, set, options, send),
    nameImages: (set, options) => nameImages(services, set, options),
    sendCache: (cache, target, options) => sendCache(services, cache, target, options),
    storeCache: (cache, store, options) => storeCache(services, cache, store, options),
  };
}

/** Adds names. Those of an index belong to the image for this machine, or else to the first one. */
function nameImages(services: ImageServices, set: ImageSet, { canonical }: { canonical: boolean }) {
  return services.withLease(async () => {
    const { top } = await assemble(services, set, new Map());
    const own = set.images.find(({ platform }) => matchesPlatform(platform, hostPlatform())) ?? set.images[0];
    if (own) {
      const record = { ...exportedRecord(services, own.id), target: top };
      for (const name of set.names) {
        const repository = canonicalRepository(name);
        services.records.add(record, {
          tag: `${repository}:${withDefaultTag(name).tag}`,
          ...(canonical ? { digest: `${repository}@${top.digest}` } : {}),
        });
      }
      await services.writeIndex();
    }
    return top;
  });
}
