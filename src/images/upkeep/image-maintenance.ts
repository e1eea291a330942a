import type { DiffId, Digest } from "#oci/digest.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import type { WrongSize } from "#support/wrong-size.ts";
import type { ImageDetails } from "../store/image-queries.ts";

export interface RemoveImageOptions {
  force: boolean;
  prune: boolean;
  signal: AbortSignal;
}

export type RemovedImage = { untagged: string } | { deleted: string };

export interface PruneImagesOptions {
  /** Whether tagged images that no container uses are removed, too. */
  all: boolean;
  /** Labels (`name` or `name=value`) that an image must have. */
  labels: string[];
  /** Labels that an image must not have. */
  notLabels: string[];
  /** Upper bound of the creation time in milliseconds since the epoch. */
  until: number | undefined;
  signal: AbortSignal;
}

export interface PrunedImages {
  removed: RemovedImage[];
  /** Freed bytes of the disk. */
  space: number;
}

export interface CheckOptions {
  /** Whether damaged blobs are fetched again and damaged layers are unpacked again. */
  repair: boolean;
  /** Returns the credentials for the registry of a domain. */
  credentials: (domain: string) => RegistryCredentials | undefined;
  signal: AbortSignal;
}

export interface Damage {
  kind: "blob" | "layer";
  digest: Digest;
  /** Names or IDs of the images that need the blob or layer. */
  images: string[];
  problem: string;
  /** Reason why the damage was not repaired; absent after a repair. */
  unrepaired?: string;
}

export interface CheckSummary {
  blobs: number;
  layers: number;
  images: number;
}

export type CheckLine = { damage: Damage } | { size: WrongSize } | { summary: CheckSummary };

/** Disk usage of one image in bytes, as `du` counts them. */
export interface ImageUsage {
  image: ImageDetails;
  /** Blobs and unpacked layers. */
  size: number;
  /** Part of `size` that other images use, too. */
  sharedSize: number;
  containers: number;
}

/** Disk usage of all images in bytes, as `du` counts them. */
export interface ImagesUsage {
  images: ImageUsage[];
  /** All images and unfinished pulls. */
  size: number;
  /** Part of `size` that only images without containers use. */
  reclaimable: number;
  /** Sizes of the layers that are in use but belong to no image, including their blobs. */
  kept: Map<DiffId, number>;
}

/** Removal, garbage collection and verification of images. */
export interface ImageMaintenance {
  /** Removes a name. Removes the image with its last name; throws conflict if a container uses the image. */
  remove(name: string, options: RemoveImageOptions): Promise<RemovedImage[]>;
  /** Removes unused images. */
  prune(options: PruneImagesOptions): Promise<PrunedImages>;
  /** Finds damaged blobs and layers; repairs them on request. */
  check(options: CheckOptions): AsyncIterable<CheckLine>;
  usage(): Promise<ImagesUsage>;
  /** Removes blobs and layers that nothing refers to. */
  collect(): Promise<void>;
  /** Allows garbage collection from now on. All users of images and layers must have registered their uses. */
  startCollecting(): void;
}
