import type { ContentStore } from "#content/content-store.ts";
import type { Layers } from "#layers/layers.ts";
import type { ImageConfig } from "#oci/config.ts";
import type { RegistryOptions } from "#registry/access/registry-options.ts";
import type { Defer } from "#support/concurrency/deferred-work.ts";
import type { Warn } from "#support/log.ts";
import type { UsageQueries } from "#support/usage-register.ts";
import type { ImageAction } from "./image-action.ts";
import type { EmbeddedImage } from "./store/embedded-image.ts";
import type { ImageRecords } from "./store/image-records.ts";

/** Users of images and layers. A layer in use protects its uncompressed tar, the blob with the same digest. */
export type ImageUses = UsageQueries<"image" | "layer">;

/** Changes an image's settings by the Dockerfile instructions of `commit --change` and `import --change`. */
export type ApplyChanges = (
  settings: NonNullable<ImageConfig["config"]>,
  changes: string[],
) => NonNullable<ImageConfig["config"]>;

/** Shared parts of all operations on images. */
export interface ImageServices {
  content: ContentStore;
  layers: Layers;
  records: ImageRecords;
  registry: RegistryOptions;
  embedded: EmbeddedImage;
  /** Users of images and layers other than the images themselves. */
  uses: ImageUses;
  /** Runs work that adds blobs and layers before anything refers to them; garbage collection waits for its end. */
  withLease: <T>(work: () => Promise<T>) => Promise<T>;
  applyChanges: ApplyChanges;
  /** Writes the current names into the layout's `index.json`. */
  writeIndex: () => Promise<void>;
  /** Publishes an event about an image; `name` is Docker's familiar name. */
  notify: (action: ImageAction, id: string, name: string) => void;
  /** Runs work that no request waits for. */
  defer: Defer;
  warn: Warn;
}
