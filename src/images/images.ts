import type { ImageConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";
import type { Reference } from "#oci/reference.ts";
import type { LoadOptions } from "./archive/load.ts";
import type { SaveOptions } from "./archive/save.ts";
import type { DistributedImage } from "./transfer/look-up.ts";
import type { CheckLine, CheckOptions } from "./upkeep/check.ts";
import type { PruneImagesOptions } from "./upkeep/prune.ts";

/** User name and password, or a registry's identity token, as `X-Registry-Auth` carries them. */
export interface Credentials {
  username?: string;
  password?: string;
  identityToken?: string;
  /** A token for the registry itself. */
  registryToken?: string;
}

/**
 * One line of progress: `id` is a layer's short digest or absent for lines on the whole image; `current`
 * and `total` are bytes. `status` uses Docker's wording, which clients parse.
 */
export interface Progress {
  id?: string;
  status: string;
  current?: number;
  total?: number;
}

/** A line of a push; `aux` is the result for programs. */
export type PushProgress = Progress | { aux: PushResult };

/** The pushed manifest, or the manifest that was pushed in place of an incomplete index. */
export type PushResult =
  | { Tag: string; Digest: string; Size: number }
  | { manifestPushedInsteadOfIndex: true; originalIndex: Descriptor; selectedManifest: Descriptor };

export interface PushOptions {
  /** Of an image with several platforms only the manifest for this one. */
  platform?: Platform;
  credentials?: Credentials;
  signal: AbortSignal;
}

export interface PullOptions {
  platform?: Platform;
  credentials?: Credentials;
  signal: AbortSignal;
  /** Called in the moment in which the image has its name, before anybody can have taken it away. */
  arrived?: () => void;
}

export interface ImportOptions {
  reference?: Reference;
  /** Dockerfile instructions applied to the configuration (`CMD`, `ENV`, …). */
  changes: string[];
  message: string;
  platform?: Platform;
  signal: AbortSignal;
}

/** What is made of a container's changes. */
export interface CommitOptions {
  /** The image below them. */
  parent: Digest;
  config: NonNullable<ImageConfig["config"]>;
  /** Dockerfile instructions applied to the configuration. */
  changes: string[];
  createdBy: string;
  author: string;
  comment: string;
  reference?: Reference;
  signal: AbortSignal;
}

/** An image of the store, ready to run: all layers unpacked. */
export interface StoredImage {
  /** Digest of the configuration: Docker's image ID. */
  id: Digest;
  config: ImageConfig;
  /** Base first. */
  diffIds: DiffId[];
  /** Whether this is the built-in `hello` image, known by its digest. */
  embedded: boolean;
}

/** An image to build on. */
export interface BaseImage extends StoredImage {
  /** Blobs of the layers, base first. */
  layers: Descriptor[];
}

export interface NewImage {
  config: ImageConfig;
  /** Blobs of the layers, base first; their bytes and the unpacked layers are in the store. */
  layers: Descriptor[];
  /** Of the manifest. */
  annotations?: Record<string, string>;
  /** The image below. */
  parent?: Digest;
}

export interface ImageDetails extends StoredImage {
  /** Familiar names with tags: `debian:12`. */
  repoTags: string[];
  /** Familiar names with manifest digests: `debian@sha256:…`. */
  repoDigests: string[];
  /** Manifest (or index) descriptor the image came with. */
  target: { mediaType: string; digest: Digest; size: number };
  /** Sum of the layers' unpacked sizes in bytes. */
  size: number;
  /** Milliseconds since the epoch; 0 when the configuration has none. */
  created: number;
  /** When the newest name was given, in milliseconds since the epoch; absent if never. */
  lastTagged?: number;
  parent: string;
}

export interface ImageFilter {
  /** Also images that no name points to. */
  all: boolean;
  /** Docker's `filters`: reference, dangling, label, before, since, until; unknown keys are refused. */
  filters: Map<string, string[]>;
}

export interface RemoveImageOptions {
  force: boolean;
  prune: boolean;
  signal: AbortSignal;
}

export type RemovedImage = { untagged: string } | { deleted: string };

export interface PrunedImages {
  removed: RemovedImage[];
  /** Bytes of the disk that are free now. */
  space: number;
}

/** A line of a load: a name, or an ID without one, that is here now, or a name that another image had. */
export type LoadedImage = { loaded: string } | { moved: string; from: Digest };

/** A step of an image's making. */
export interface HistoryEntry {
  /** The image's, or `<missing>` for what is no image by itself. */
  id: string;
  /** Seconds since the epoch; 0 when nobody knows. */
  created: number;
  createdBy: string;
  comment: string;
  /** Bytes of the layer it left. */
  size: number;
  tags: string[];
}

/** Bytes of the disk, as `du` counts them. */
export interface ImageUsage {
  image: ImageDetails;
  /** Its blobs and unpacked layers. */
  size: number;
  /** That part of it which other images have too. */
  sharedSize: number;
  containers: number;
}

/** Bytes of the disk, as `du` counts them. */
export interface ImagesUsage {
  images: ImageUsage[];
  /** All images, and what unfinished pulls have left. */
  size: number;
  /** What no container's image needs of that. */
  reclaimable: number;
  /** Layers with their blobs that no image has and something else keeps. */
  kept: Map<DiffId, number>;
}

/** The images of the store. Names are resolved as Docker does: reference, full ID, unique ID prefix. */
export interface Images {
  /** Fetches what is missing; the name is set last, after everything it needs is verified and synced. */
  pull(reference: Reference, options: PullOptions): AsyncIterable<Progress>;
  /** The same of every tag that the registry has of a repository. */
  pullAllTags(reference: Reference, options: PullOptions): AsyncIterable<Progress>;
  /** Sends an image to the registry of its name, byte for byte; all tags of the repository without a tag. */
  push(reference: Reference, options: PushOptions): AsyncIterable<PushProgress>;
  /** What a registry has under a name. */
  lookUp(reference: Reference, options: PullOptions): Promise<DistributedImage>;
  /** Throws unauthorized unless a registry accepts the credentials. */
  logIn(domain: string, credentials: Credentials, signal: AbortSignal): Promise<void>;
  /** Reads a docker-archive or an OCI layout tar; yields the names or IDs that were loaded. */
  load(archive: ReadableStream<Uint8Array>, options: LoadOptions): AsyncIterable<LoadedImage>;
  /** One archive, an OCI layout and a docker-archive at once. Throws before the first byte for what is not here. */
  save(names: string[], options: SaveOptions): Promise<AsyncIterable<Uint8Array>>;
  /** Makes an image of one layer out of a root file system tar; gives its ID. */
  import(archive: ReadableStream<Uint8Array>, options: ImportOptions): Promise<Digest>;
  /** Makes an image of another one and a layer, a plain tar; gives its ID. */
  commit(layer: AsyncIterable<Uint8Array>, options: CommitOptions): Promise<Digest>;
  /** Throws not-found like `resolve`. */
  base(name: string, platform?: Platform): Promise<BaseImage>;
  /** Writes an image of what is in the store, its names last; gives its ID. */
  write(image: NewImage, references: Reference[]): Promise<Digest>;
  /** Runs work that brings in blobs and layers before anything refers to them; nothing is collected meanwhile. */
  withLease<T>(work: () => Promise<T>): Promise<T>;
  /** The layers of all images. */
  usedLayers(): DiffId[];
  /** Removes what nothing refers to any more. */
  collect(): Promise<void>;
  /** Allows garbage collection from now on. Every user of images and layers must have registered its uses. */
  startCollecting(): void;
  /** Throws not-found with Docker's text `No such image: NAME`. Makes the built-in image on demand. */
  resolve(name: string, platform?: Platform): Promise<StoredImage>;
  /** ID of the image of a name, without asking anybody; nothing when there is none. */
  known(name: string): Digest | undefined;
  /** Whether an image was made from another one. */
  descends(image: Digest, ancestor: Digest): boolean;
  inspect(name: string): Promise<ImageDetails>;
  list(filter: ImageFilter): Promise<ImageDetails[]>;
  /** Untags, and deletes what nothing names any more; conflict when a container uses it. */
  remove(name: string, options: RemoveImageOptions): Promise<RemovedImage[]>;
  /** Gives an image one more name; gives its ID. */
  tag(name: string, target: Reference): Promise<string>;
  /** What made an image, newest first. */
  history(name: string): Promise<HistoryEntry[]>;
  /** Removes images that nobody needs. */
  prune(options: PruneImagesOptions): Promise<PrunedImages>;
  /** Finds what is damaged on the disk, and repairs what it can. */
  check(options: CheckOptions): AsyncIterable<CheckLine>;
  usage(): Promise<ImagesUsage>;
  /** How much of each image's `size` others share, and how many containers have it. */
  sharing(): Map<Digest, { sharedSize: number; containers: number }>;
}
