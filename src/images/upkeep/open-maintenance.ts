import { invalidArgument } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { findImage } from "../store/find-image.ts";
import { checkStore } from "./check-store.ts";
import { occupiedBytes, usageOf } from "./disk-usage.ts";
import type { GarbageCollector } from "./garbage-collector.ts";
import type { ImageMaintenance } from "./image-maintenance.ts";
import { pruneImages } from "./prune-images.ts";
import { findSetAside, removeImage } from "./remove-image.ts";

export function openMaintenance(services: ImageServices, collector: GarbageCollector): ImageMaintenance {
  const { records, notify, defer } = services;
  return {
    async remove(name, options) {
      if (name.trim() === "") throw invalidArgument("image name cannot be blank");
      const id = findSetAside(records, name) ?? findImage(records, name).id;
      const removed = await removeImage(services, name, options);
      for (const one of removed) {
        if ("untagged" in one) notify("untag", id, id);
        else if (one.deleted === id) notify("delete", id, id);
      }
      await collector.collect();
      return removed;
    },
    async prune(options) {
      const before = await occupiedBytes(services);
      const removed = await pruneImages(services, options);
      for (const one of removed) if ("deleted" in one) notify("delete", one.deleted, one.deleted);
      await collector.collect();
      return { removed, space: Math.max(0, before - (await occupiedBytes(services))) };
    },
    check: (options) => checkStore(services, options),
    usage: () => usageOf(services),
    collect: () => collector.collect(),
    startCollecting() {
      collector.start();
      defer("collect garbage", collector.collect);
    },
  };
}
