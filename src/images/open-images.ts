import type { Database } from "bun:sqlite";
import type { ContentStore } from "#content/store.ts";
import type { Layers } from "#layers/layers.ts";
import { familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { checkLogin } from "#registry/access/login.ts";
import type { RegistryOptions } from "#registry/access/session.ts";
import { coalesced } from "#support/concurrency/coalesced.ts";
import { errorChain, invalidArgument } from "#support/errors.ts";
import { importImage } from "./archive/import-image.ts";
import { load } from "./archive/load.ts";
import { saveImages } from "./archive/save.ts";
import type { Images, StoredImage } from "./images.ts";
import type { ImageServices, ImageUses } from "./services.ts";
import { commitImage, layersOf } from "./store/commit-image.ts";
import { isEmbeddedName, openEmbeddedImage } from "./store/embedded.ts";
import { historyOf } from "./store/history.ts";
import { describer, listImages } from "./store/list.ts";
import { type ImageRecord, openImageRecords } from "./store/records.ts";
import { checkPlatform, descends, findImage, findKnown, targetOf } from "./store/resolve.ts";
import { tagImage } from "./store/tag.ts";
import { writeImage } from "./store/write-image.ts";
import { lookUpImage } from "./transfer/look-up.ts";
import { pull, pullAllTags } from "./transfer/pull.ts";
import { push } from "./transfer/push.ts";
import { checkStore } from "./upkeep/check.ts";
import { collectGarbage } from "./upkeep/garbage.ts";
import { openGarbageCollector } from "./upkeep/garbage-collector.ts";
import { pruneImages } from "./upkeep/prune.ts";
import { removeImage } from "./upkeep/remove.ts";
import { occupied, sharingOf, usageOf } from "./upkeep/usage.ts";

export interface ImagesOptions {
  /** Safe against the loss of power: names are set in it, last of all. */
  database: Database;
  content: ContentStore;
  layers: Layers;
  registry: RegistryOptions;
  helloProgram: string;
  uses: ImageUses;
  warn: (message: string) => void;
  /** Told of everything that happens to an image; `name` as Docker shows it. */
  notify: (action: string, id: string, name: string) => void;
}

export async function openImages(options: ImagesOptions): Promise<Images> {
  const { content, layers } = options;
  const records = openImageRecords(options.database);
  const collector = openGarbageCollector(() => collectGarbage(content, layers, records, options.uses));

  const services: ImageServices = {
    ...options,
    records,
    withLease: collector.withLease,
    changed: coalesced(() =>
      content.writeIndex(
        records.names().flatMap(({ name, id }) => {
          const manifest = records.get(id)?.manifest;
          return manifest ? [{ name: familiarName(parseReference(name)), ...manifest }] : [];
        }),
      ),
    ),
  };
  const embedded = openEmbeddedImage(services);

  function stored(record: ImageRecord): StoredImage {
    const { id, config, diffIds } = record;
    return { id, config, diffIds, embedded: id === embedded.id() };
  }

  const warnOf = (error: unknown) => options.warn(`tidy the image store: ${errorChain(error)}`);
  // A killed daemon may not have written its last names into the layout.
  services.changed().catch(warnOf);

  return {
    async *pullAllTags(reference, pullOptions) {
      yield* pullAllTags(services, reference, pullOptions);
      const name = familiarName(reference);
      options.notify("pull", name, name);
    },
    async *pull(reference, pullOptions) {
      yield* pull(services, reference, pullOptions);
      const name = familiarName(withDefaultTag(reference));
      options.notify("pull", name, name);
    },
    async *push(reference, pushOptions) {
      yield* push(services, reference, pushOptions);
      const name = familiarName(reference);
      options.notify("push", name, name);
    },
    lookUp: (reference, { credentials, signal }) => lookUpImage(services, reference, { credentials, signal }),
    logIn: (domain, credentials, signal) => checkLogin(domain, credentials, options.registry, signal),
    async *load(archive, loadOptions) {
      for await (const one of load(services, archive, loadOptions)) {
        if ("loaded" in one) options.notify("load", one.loaded, one.loaded);
        yield one;
      }
    },
    async save(names, saveOptions) {
      const archive = await saveImages(services, names, saveOptions);
      for (const name of names) options.notify("save", name, name);
      return archive;
    },
    async import(archive, importOptions) {
      const id = await importImage(services, archive, importOptions);
      options.notify("import", id, importOptions.reference ? familiarName(importOptions.reference) : id);
      return id;
    },
    commit: (layer, commitOptions) => commitImage(services, layer, commitOptions),
    async base(name, platform) {
      const record = findImage(records, name);
      checkPlatform(record, name, platform);
      return { ...stored(record), layers: await layersOf(services, record.manifest) };
    },
    async write(image, references) {
      const id = await writeImage(services, image, references);
      for (const reference of references) options.notify("tag", id, familiarName(withDefaultTag(reference)));
      return id;
    },
    withLease: services.withLease,
    usedLayers: () => records.all().flatMap(({ diffIds }) => diffIds),
    collect: () => collector.collect(),
    startCollecting: () => void collector.start().catch(warnOf),
    known: (name) => findKnown(records, name)?.id,
    descends: (image, ancestor) => descends(records, image, ancestor),
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
      const target = targetOf(records, name, record);
      return { ...describer(services, embedded.id())(record), target };
    },
    list: async (filter) => listImages(services, filter, embedded.id()),
    async remove(name, removeOptions) {
      if (name.trim() === "") throw invalidArgument("image name cannot be blank");
      const { id } = findImage(records, name);
      const removed = await removeImage(services, name, removeOptions);
      for (const one of removed) {
        if ("untagged" in one) options.notify("untag", id, one.untagged);
        else if (one.deleted === id) options.notify("delete", id, id);
      }
      await collector.collect();
      return removed;
    },
    async tag(name, target) {
      const id = await tagImage(services, name, target);
      options.notify("tag", id, familiarName(target));
      return id;
    },
    history: async (name) => historyOf(services, name),
    async prune(pruneOptions) {
      const before = await occupied(options);
      const removed = await pruneImages(services, pruneOptions);
      for (const one of removed) if ("deleted" in one) options.notify("delete", one.deleted, one.deleted);
      await collector.collect();
      return { removed, space: Math.max(0, before - (await occupied(options))) };
    },
    check: (checkOptions) => checkStore(services, checkOptions),
    usage: () => usageOf(services, embedded.id()),
    sharing: () => sharingOf(services),
  };
}
