import type { LayerCompression } from "#layers/layers.ts";
import type { Attestation } from "#oci/attestation.ts";
import type { CacheStep } from "#oci/cache-config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";
import type { Reference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import type { Progress } from "../transfer/image-transfer.ts";

/** Compression of exported layers. */
export interface ExportCompression {
  type: LayerCompression | "none";
  /** Whether layers that are compressed already are compressed again. */
  force: boolean;
}

/** Media types of an exported image. */
export type ExportTypes = "oci" | "docker";

/** An image of the store, and what is added to it. */
export interface ExportedImage {
  id: Digest;
  platform: Platform;
  attestations: Attestation[];
  /** Annotations of the manifest. */
  annotations: Record<string, string>;
  /** Annotations of the manifest's entry in the index. */
  descriptorAnnotations: Record<string, string>;
}

/** Images that are exported together: a manifest, or an index with several manifests. */
export interface ImageSet {
  images: ExportedImage[];
  /** Names that attestations refer to. */
  names: Reference[];
  /** Whether there is an index even if it has a single manifest. */
  index: boolean;
  annotations: Record<string, string>;
  compression: ExportCompression;
  types: ExportTypes;
}

/** A blob to send. */
export interface SentBlob {
  digest: Digest;
  size: number;
  /** Returns the bytes from `start` up to `end`. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** A place that receives blobs and manifests by their digests. */
export interface ExportDestination {
  hasBlob(digest: Digest, signal: AbortSignal): Promise<boolean>;
  putBlob(
    blob: SentBlob,
    options: { mountFrom: string[]; signal: AbortSignal; onProgress: (bytes: number) => void },
  ): Promise<{ mountedFrom: string | undefined }>;
  /** Stores a manifest under a tag or its digest. */
  putManifest(
    manifest: { name: string; digest: Digest; mediaType: string; bytes: Uint8Array<ArrayBuffer> },
    signal: AbortSignal,
  ): Promise<void>;
}

/** A place that keeps the blobs of build caches, and an index that describes them. */
export interface CacheStore extends Pick<ExportDestination, "hasBlob" | "putBlob"> {
  putIndex(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void>;
}

/** Destination of an export: a repository of a registry, or a place of the caller. */
export type ExportTarget =
  | {
      type: "registry";
      reference: Reference;
      credentials: RegistryCredentials | undefined;
      /** Whether the manifest gets no tag. */
      byDigest?: boolean;
      /** Whether plain http and untrusted certificates are accepted. */
      insecure?: boolean;
    }
  | { type: "store"; destination: ExportDestination };

export interface ExportOptions {
  signal: AbortSignal;
  report: (progress: Progress) => void;
}

/** The steps of a build, and the form of the cache that is made of them. */
export interface CacheExport {
  steps: CacheStep[];
  compression: ExportCompression;
  types: ExportTypes;
  /** Whether the cache is an image manifest; otherwise it is an index. */
  imageManifest: boolean;
}

/** Export of images and build caches. */
export interface ImageExports {
  /** Sends images to a registry or another store; returns the manifest or index. */
  sendImages(set: ImageSet, target: ExportTarget, options: ExportOptions): Promise<Descriptor>;
  /** Lets `send` read images as an archive: an OCI layout, or one that `docker load` of any version reads. */
  archiveImages(
    set: ImageSet,
    options: ExportOptions & { format: "oci" | "docker" },
    send: (archive: AsyncIterable<Uint8Array>, top: Descriptor) => Promise<void>,
  ): Promise<void>;
  /** Adds names that refer to an image or an index; with `canonical`, also the names with its digest. */
  nameImages(set: ImageSet, options: { canonical: boolean }): Promise<Descriptor>;
  /** Sends a build cache; returns its manifest, undefined for a cache without layers. */
  sendCache(
    cache: CacheExport,
    target: ExportTarget,
    options: ExportOptions,
  ): Promise<Descriptor | undefined>;
  /** Sends a build cache to a store without manifests; returns whether the cache has layers. */
  storeCache(
    cache: Pick<CacheExport, "steps" | "compression">,
    store: CacheStore,
    options: ExportOptions,
  ): Promise<boolean>;
}
