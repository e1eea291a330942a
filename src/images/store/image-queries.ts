import type { ImageConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";

/** An image that is ready to run: all layers are unpacked. */
export interface StoredImage {
  /** Docker's image ID: the digest of the configuration. */
  id: Digest;
  config: ImageConfig;
  /** Base first. */
  diffIds: DiffId[];
  /** Whether this is the built-in `hello` image, recognized by its digest. */
  embedded: boolean;
}

export interface ImageDetails extends StoredImage {
  /** Familiar names with tags: `debian:12`. */
  repoTags: string[];
  /** Familiar names with manifest digests: `debian@sha256:…`. */
  repoDigests: string[];
  /** Manifest or index from which the image was pulled, loaded or written. */
  target: Descriptor;
  /** Sum of the layers' unpacked sizes in bytes. */
  size: number;
  /** Milliseconds since the epoch; 0 if the configuration has no date. */
  created: number;
  /** Time of the newest tag in milliseconds since the epoch; absent without tags. */
  lastTagged?: number;
  /** ID of the image that this one was built on; empty if it is not in the store. */
  parent: string;
}

export interface ImageFilter {
  /** Whether untagged images are included. */
  all: boolean;
  /** Docker's filters: reference, dangling, label, before, since, until; unknown keys throw. */
  filters: Map<string, string[]>;
}

/** One entry of the image history. */
export interface HistoryEntry {
  /** The image's ID for the newest entry, else `<missing>`. */
  id: string;
  /** Seconds since the epoch; 0 if unknown. */
  created: number;
  createdBy: string;
  comment: string;
  /** Unpacked bytes of the entry's layer; 0 without a layer. */
  size: number;
  tags: string[];
}

/** Read access to the images of the store. */
export interface ImageQueries {
  /** Throws not-found with Docker's text `No such image: NAME`. Creates the built-in image on demand. */
  resolve(name: string, platform?: Platform): Promise<StoredImage>;
  /** Returns the ID of an image without creating the built-in image; undefined for an unknown name. */
  findId(name: string): Digest | undefined;
  /** Returns whether an image was built on another one. */
  isDescendant(image: Digest, ancestor: Digest): boolean;
  inspect(name: string): Promise<ImageDetails>;
  /** Returns the matching images, newest first. Returns the same objects until an image or a name changes. */
  list(filter: ImageFilter): Promise<readonly ImageDetails[]>;
  /** Returns a number that changes whenever an image, a name or a layer changes. */
  revision(): number;
  /** Returns the image history, newest entry first. */
  history(name: string): Promise<HistoryEntry[]>;
  /** Returns the bytes that each image shares with other images. */
  sharedSizes(): Map<Digest, number>;
  /** Returns the number of an image's containers. */
  containers(id: Digest): number;
}
