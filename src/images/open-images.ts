import type { Database } from "bun:sqlite";
import type { ContentStore } from "#content/store.ts";
import type { Layers } from "#layers/layers.ts";
import type { Digest } from "#oci/digest.ts";
import { familiarName, parseReference } from "#oci/reference.ts";
import type { RegistryOptions } from "#registry/repository.ts";
import { isEmbeddedName, openEmbeddedImage } from "./embedded.ts";
import { collectGarbage } from "./garbage.ts";
import type { Images, StoredImage } from "./images.ts";
import { importImage } from "./import-image.ts";
import { detailsOf, listImages } from "./list.ts";
import { load } from "./load.ts";
import { pull } from "./pull.ts";
import { type ImageRecord, openImageRecords } from "./records.ts";
import { removeImage } from "./remove.ts";
import { checkPlatform, findImage } from "./resolve.ts";
import { usageOf } from "./usage.ts";
import type { ImageUser, Workshop } from "./workshop.ts";

export interface ImagesOptions {
  /** Safe against the loss of power: names are set in it, last of all. */
  database: Database;
  content: ContentStore;
  layers: Layers;
  registry: RegistryOptions;
  helloProgram: string;
  usedBy: (id: Digest) => ImageUser[];
}

export async function openImages(options: ImagesOptions): Promise<Images> {
  const { content, layers } = options;
  const records = openImageRecords(options.database);
  let protectors = 0;
  let garbage = false;

  /** Garbage is collected only while nobody is bringing in what nothing refers to yet. */
  async function collect(): Promise<void> {
    if (!garbage || protectors > 0) return;
    garbage = false;
    await collectGarbage(content, layers, records, () => false);
  }

  const workshop: Workshop = {
    ...options,
    records,
    async protect(work) {
      protectors++;
      try {
        return await work();
      } catch (error) {
        garbage = true;
        throw error;
      } finally {
        protectors--;
        await collect();
      }
    },
    async changed() {
      await content.writeIndex(
        records.names().flatMap(({ name, id }) => {
          const manifest = records.get(id)?.manifest;
          return manifest ? [{ name: familiarName(parseReference(name)), ...manifest }] : [];
        }),
      );
    },
  };
  const embedded = openEmbeddedImage(workshop);

  function stored(record: ImageRecord): StoredImage {
    const { id, config, diffIds } = record;
    return { id, config, diffIds, embedded: id === embedded.id() };
  }

  return {
    pull: (reference, pullOptions) => pull(workshop, reference, pullOptions),
    load: (archive, { signal }) => load(workshop, archive, signal),
    import: (archive, importOptions) => importImage(workshop, archive, importOptions),
    async resolve(name, platform) {
      if (isEmbeddedName(name) && embedded.id() === undefined) {
        const own = records.name("docker.io/library/hello:latest");
        // Made anew by each daemon, so that it is known by what it is and not by its name.
        if (!own || records.get(own.id)?.config.history?.[0]?.created_by === "tbox") {
          await embedded.make(new AbortController().signal);
        }
      }
      const record = findImage(records, name);
      checkPlatform(record, name, platform);
      return stored(record);
    },
    async inspect(name) {
      const record = findImage(records, name);
      return detailsOf(workshop, record, record.id === embedded.id());
    },
    list: async (filter) => listImages(workshop, filter, embedded.id()),
    async remove(name, removeOptions) {
      const removed = await removeImage(workshop, name, removeOptions);
      garbage = true;
      await collect();
      return removed;
    },
    usage: async () => usageOf(workshop, embedded.id()),
  };
}
