import { familiarName, withDefaultTag } from "#oci/reference.ts";
import type { ImageServices } from "../services.ts";
import { targetOf } from "../store/find-image.ts";
import { layersOf } from "../store/image-parts.ts";
import { findForPlatform } from "../store/index-parts.ts";
import { storedImage } from "../store/open-queries.ts";
import { adoptLayer } from "./adopt-layer.ts";
import { commitImage } from "./commit-image.ts";
import type { ImageAuthoring } from "./image-authoring.ts";
import { tagImage } from "./tag-image.ts";
import { writeImage } from "./write-image.ts";

export function openAuthoring(services: ImageServices): ImageAuthoring {
  const { records, embedded, notify } = services;
  return {
    async resolveBase(name, platform) {
      const record = await findForPlatform(services, name, platform);
      return {
        ...storedImage(record, embedded),
        layers: await layersOf(services, record.manifest),
        target: targetOf(records, name, record),
      };
    },
    async write(image, references) {
      const id = await writeImage(services, image, references);
      notify("create", id, id);
      for (const reference of references) notify("tag", id, familiarName(withDefaultTag(reference)));
      return id;
    },
    async commit(layer, options) {
      const id = await commitImage(services, layer, options);
      notify("create", id, id);
      if (options.reference) notify("tag", id, familiarName(withDefaultTag(options.reference)));
      return id;
    },
    adoptLayer: (write, signal) => adoptLayer(services, write, signal),
    async tag(name, target) {
      const id = await tagImage(services, name, target);
      notify("tag", id, familiarName(withDefaultTag(target)));
      return id;
    },
    usedLayers: () => records.all().flatMap(({ diffIds }) => diffIds),
    withLease: services.withLease,
  };
}
