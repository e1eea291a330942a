import type { ImageServices } from "../services.ts";
import { describer } from "./describe-image.ts";
import { type EmbeddedImage, isEmbeddedName } from "./embedded-image.ts";
import { findImage, findKnown, isDescendant, targetOf } from "./find-image.ts";
import { historyOf } from "./image-history.ts";
import type { ImageQueries, StoredImage } from "./image-queries.ts";
import type { ImageRecord } from "./image-records.ts";
import { sharedSizesOf } from "./image-sharing.ts";
import { findForPlatform } from "./index-parts.ts";
import { listImages, revisionOf } from "./list-images.ts";

export function openQueries(services: ImageServices): ImageQueries {
  const { records, embedded } = services;
  return {
    findId: (name) => findKnown(records, name)?.id,
    isDescendant: (image, ancestor) => isDescendant(records, image, ancestor),
    async resolve(name, platform) {
      if (isEmbeddedName(name) && embedded.id() === undefined) await makeEmbedded(services);
      return storedImage(await findForPlatform(services, name, platform), embedded);
    },
    async inspect(name) {
      const record = findImage(records, name);
      return { ...describer(services)(record), target: targetOf(records, name, record) };
    },
    list: (filter) => listImages(services, filter),
    revision: () => revisionOf(services),
    history: async (name) => historyOf(services, name),
    sharedSizes: () => sharedSizesOf(services),
    containers: (id) => services.uses.count("image", id),
  };
}

/** Returns the fields of a record that are needed to run a container. */
export function storedImage(
  { id, config, diffIds }: ImageRecord,
  embedded: Pick<EmbeddedImage, "id">,
): StoredImage {
  return { id, config, diffIds, embedded: id === embedded.id() };
}

/** Creates the built-in image, unless the user has given its name to another image. */
async function makeEmbedded({ records, embedded }: ImageServices): Promise<void> {
  const named = records.name(embedded.name);
  // Each daemon creates the image once to learn its digest. The digest identifies the image; the name does not.
  if (named && records.get(named.id)?.config.history?.[0]?.created_by !== "tbox") return;
  await embedded.make(new AbortController().signal);
}
