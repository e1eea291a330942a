import { hostPlatform, matchesPlatform } from "#oci/platform.ts";
import { canonicalRepository, withDefaultTag } from "#oci/reference.ts";
import type { ImageServices } from "../services.ts";
import { archiveImages } from "./archive-images.ts";
import { assemble, exportedRecord } from "./assemble.ts";
import { sendCache } from "./export-cache.ts";
import type { ImageExports, ImageSet } from "./image-exports.ts";
import { sendImages } from "./send-images.ts";

export function openExports(services: ImageServices): ImageExports {
  return {
    sendImages: (set, target, options) => sendImages(services, set, target, options),
    archiveImages: (set, options, send) => archiveImages(services, set, options, send),
    nameImages: (set) => nameImages(services, set),
    sendCache: (cache, target, options) => sendCache(services, cache, target, options),
  };
}

/** Adds names that refer to an index. They belong to the image for this machine, or else to the first one. */
function nameImages(services: ImageServices, set: ImageSet) {
  return services.withLease(async () => {
    const { top } = await assemble(services, set, new Map());
    const own = set.images.find(({ platform }) => matchesPlatform(platform, hostPlatform())) ?? set.images[0];
    if (own) {
      const record = { ...exportedRecord(services, own.id), target: top };
      for (const name of set.names) {
        services.records.add(record, { tag: `${canonicalRepository(name)}:${withDefaultTag(name).tag}` });
      }
      await services.writeIndex();
    }
    return top;
  });
}
