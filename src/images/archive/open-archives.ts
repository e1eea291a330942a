import { familiarName } from "#oci/reference.ts";
import type { ImageServices } from "../services.ts";
import type { ImageArchives } from "./image-archives.ts";
import { importImage } from "./import-image.ts";
import { loadImages } from "./load-images.ts";
import { saveImages } from "./save-images.ts";

export function openArchives(services: ImageServices): ImageArchives {
  const { notify } = services;
  return {
    async *load(archive, options) {
      for await (const line of loadImages(services, archive, options)) {
        // Docker names the image by its ID in this event, even if it has a tag.
        if ("loaded" in line) notify("load", line.id, line.id);
        yield line;
      }
    },
    save: (names, options) => saveImages(services, names, options),
    async import(archive, options) {
      const id = await importImage(services, archive, options);
      notify("import", id, options.reference ? familiarName(options.reference) : id);
      return id;
    },
  };
}
