import type { Database } from "bun:sqlite";
import type { ContentStore } from "#content/content-store.ts";
import type { Layers } from "#layers/layers.ts";
import { familiarName, parseReference } from "#oci/reference.ts";
import type { RegistryOptions } from "#registry/access/registry-options.ts";
import type { Defer } from "#support/concurrency/deferred-work.ts";
import type { Warn } from "#support/log.ts";
import { openArchives } from "./archive/open-archives.ts";
import { openAuthoring } from "./authoring/open-authoring.ts";
import { openExports } from "./export/open-exports.ts";
import type { ImageAction } from "./image-action.ts";
import type { Images } from "./images.ts";
import type { ApplyChanges, ImageServices, ImageUses } from "./services.ts";
import { openEmbeddedImage } from "./store/embedded-image.ts";
import { findKnown } from "./store/find-image.ts";
import { type ImageRecords, openImageRecords } from "./store/image-records.ts";
import { openIndexWriter } from "./store/index-writer.ts";
import { openQueries } from "./store/open-queries.ts";
import { openTransfer } from "./transfer/open-transfer.ts";
import { collectGarbage } from "./upkeep/collect-garbage.ts";
import { openGarbageCollector } from "./upkeep/garbage-collector.ts";
import { openMaintenance } from "./upkeep/open-maintenance.ts";

export interface ImagesOptions {
  /** Connection whose commits survive the loss of power: names are the last thing written. */
  database: Database;
  content: ContentStore;
  layers: Layers;
  registry: RegistryOptions;
  /** Path of the program in the built-in image. */
  helloProgram: string;
  uses: ImageUses;
  applyChanges: ApplyChanges;
  /** Runs work that no request waits for. */
  defer: Defer;
  warn: Warn;
  /** Called for every event of an image. The attributes are its labels and Docker's familiar name. */
  notify: (action: ImageAction, id: string, attributes: Record<string, string>) => void;
}

/** Opens the images of a store. Garbage collection begins with `startCollecting`. */
export async function openImages({ database, helloProgram, ...options }: ImagesOptions): Promise<Images> {
  const records = openImageRecords(database, options.warn);
  const collector = openGarbageCollector(() => collectGarbage({ ...options, records }));
  const writeIndex = openIndexWriter(() => options.content.writeIndex(indexEntries(records)), options.warn);
  const notify: ImageServices["notify"] = (action, id, name) =>
    options.notify(action, id, { ...findKnown(records, id)?.config.config?.Labels, name });
  const parts = { ...options, records, notify, writeIndex, withLease: collector.withLease };
  const services: ImageServices = { ...parts, embedded: openEmbeddedImage(parts, helloProgram) };
  // A killed daemon may not have written its last names into the layout.
  options.defer("write the image index", writeIndex);
  return {
    ...openQueries(services),
    ...openTransfer(services, collector.collect),
    ...openArchives(services),
    ...openAuthoring(services),
    ...openExports(services),
    ...openMaintenance(services, collector),
  };
}

function indexEntries(records: ImageRecords) {
  return records.names().flatMap(({ name, id }) => {
    const manifest = records.get(id)?.manifest;
    return manifest ? [{ name: familiarName(parseReference(name)), ...manifest }] : [];
  });
}
