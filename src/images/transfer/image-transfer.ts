import type { LayerCompression } from "#layers/layers.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";
import type { Reference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import type { FoundRepository, SearchOptions } from "#registry/transfer/search.ts";
import type { Filters } from "#support/filters/filters.ts";
import type { RemoteContent, RemoteLayer } from "./remote-content.ts";

/**
 * One line of progress. `id` is a layer's short digest, absent for lines about the whole image; `current` and
 * `total` are bytes. `status` has Docker's wording, which clients parse.
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
  /** Pushes only this platform's manifest of a multi-platform image. */
  platform?: Platform;
  credentials?: RegistryCredentials;
  /**
   * Compression of the image's plain layers. By default, gzip at its default level, unless a registry has the manifest
   * with the plain layers.
   */
  compression?: LayerCompression | "none";
  signal: AbortSignal;
}

export interface PullOptions {
  platform?: Platform;
  credentials?: RegistryCredentials;
  signal: AbortSignal;
  /** Whether a tag stays with this machine's image of the same index if the pulled image is for another platform. */
  keepsTag?: boolean;
  /** Called synchronously when the image gets its name, before any other code can remove the image. */
  onNamed?: () => void;
}

/** An image in a registry. */
export interface RemoteImage {
  descriptor: Descriptor;
  platforms: Platform[];
  /** The manifest or index, as the registry has it. */
  bytes: Uint8Array;
}

/** A search. `filters` are Docker's: `is-official`, `is-automated`, `stars`. */
export interface ImageSearch extends SearchOptions {
  filters: Filters;
}

/** Exchange of images with registries. */
export interface ImageTransfer {
  /** Fetches the missing parts; sets the name after all parts are verified and synced to disk. */
  pull(reference: Reference, options: PullOptions): AsyncIterable<Progress>;
  /** Pulls every tag of a repository. */
  pullAllTags(reference: Reference, options: PullOptions): AsyncIterable<Progress>;
  /** Pushes an image, with its plain layers compressed. Without a tag, pushes all tags of the repository. */
  push(reference: Reference, options: PushOptions): AsyncIterable<PushProgress>;
  /** Returns the manifest and platforms of an image in a registry; stores nothing. */
  inspectRemote(reference: Reference, options: PullOptions): Promise<RemoteImage>;
  /** Searches a registry, Docker Hub if the term names none. */
  search(term: string, options: ImageSearch): Promise<FoundRepository[]>;
  /** Returns the content that an image name in a registry refers to; fetches nothing yet. */
  openRemote(reference: Reference, credentials: RegistryCredentials | undefined): RemoteContent;
  /** Reads a manifest or another document of remote content; verifies it. */
  readRemote(remote: RemoteContent, document: Descriptor, signal: AbortSignal): Promise<Uint8Array>;
  /** Adds a layer of remote content to the store unless it is there; returns the layer's blob. */
  fetchLayer(remote: RemoteContent, layer: RemoteLayer, signal: AbortSignal): Promise<Descriptor>;
  /** Adds an image of remote content to the store, without a name. */
  fetchImage(
    remote: RemoteContent,
    options: { platform: Platform; signal: AbortSignal; report: (progress: Progress) => void },
  ): Promise<{ id: Digest; existed: boolean }>;
  /** Throws unauthorized unless the registry accepts the credentials. */
  logIn(domain: string, credentials: RegistryCredentials, signal: AbortSignal): Promise<void>;
}
