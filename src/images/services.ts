import type { ContentStore } from "#content/store.ts";
import type { Layers } from "#layers/layers.ts";
import type { RegistryOptions } from "#registry/access/session.ts";
import type { UsageQueries } from "#support/usage-register.ts";
import type { ImageRecords } from "./store/records.ts";

/** What the deeds on images work with. */
export interface ImageServices {
  content: ContentStore;
  layers: Layers;
  records: ImageRecords;
  registry: RegistryOptions;
  /** Path of the program of the built-in image. */
  helloProgram: string;
  /** Users of images and layers other than the images themselves. */
  uses: ImageUses;
  /** Runs work that brings in blobs and layers before anything refers to them; nothing is collected meanwhile. */
  withLease: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called after names or images changed. */
  changed: () => Promise<void>;
}

/** Users of images and of layers. A used layer keeps its blob, too: an uncompressed one of the same digest. */
export type ImageUses = UsageQueries<"image" | "layer">;
