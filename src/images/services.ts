import type { ContentStore } from "#content/store.ts";
import type { Layers } from "#layers/layers.ts";
import type { Digest } from "#oci/digest.ts";
import type { RegistryOptions } from "#registry/access/session.ts";
import type { ImageRecords } from "./store/records.ts";

/** What the deeds on images work with. */
export interface Workshop {
  content: ContentStore;
  layers: Layers;
  records: ImageRecords;
  registry: RegistryOptions;
  /** Path of the program of the built-in image. */
  helloProgram: string;
  /** The containers that use an image. */
  usedBy: (id: Digest) => ImageUser[];
  /** Whether something besides images needs a layer and its blob. */
  keeps: (diffId: string) => boolean;
  /** Runs work whose blobs and layers nothing refers to yet; no garbage is collected meanwhile. */
  protect: <T>(work: () => Promise<T>) => Promise<T>;
  /** Called after names or images changed. */
  changed: () => Promise<void>;
}

export interface ImageUser {
  id: string;
  running: boolean;
}
