import type { FileHandle } from "node:fs/promises";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";

/** Expected digest and size of a blob; its bytes are verified against both. */
export type Expected = Pick<Descriptor, "digest" | "size">;

export interface IngestOptions {
  signal?: AbortSignal;
  /** Called with the bytes written so far. */
  onProgress?: (bytes: number) => void;
}

/** Source of a blob's bytes from `offset` on, or from the earlier offset in the result. */
export type BlobSource = (offset: number) => Promise<{ offset: number; bytes: AsyncIterable<Uint8Array> }>;

/** Read access to complete blobs. */
export interface BlobReader {
  has(digest: Digest): Promise<boolean>;
  /** Returns the blob's size in bytes; throws not-found. */
  size(digest: Digest): Promise<number>;
  /** Reads a blob and verifies its digest again; throws for a blob longer than `limit` bytes. */
  read(digest: Digest, limit: number): Promise<Uint8Array>;
  /** Opens a blob; the caller closes the handle. */
  open(digest: Digest): Promise<FileHandle>;
}

/** Write access. A blob becomes visible only after its bytes are verified and synced. */
export interface BlobWriter {
  /**
   * Writes a blob unless it is present; concurrent calls for one digest share one ingest. An interrupted ingest
   * leaves a partial file, from which the next ingest resumes.
   */
  ingest(source: BlobSource, expected: Expected, options?: IngestOptions): Promise<void>;
  put(bytes: Uint8Array): Promise<Expected>;
  /** Writes a stream whose digest is not known in advance. */
  adopt(source: AsyncIterable<Uint8Array>, options?: IngestOptions): Promise<Expected>;
  /** Lets `write` fill a file. Digest and size are computed unless `write` returns them. */
  fill(write: (descriptor: number) => Promise<Expected | undefined>): Promise<Expected>;
}

/** Read access to blobs that are still being ingested. */
export interface GrowingBlobReader {
  /** Opens the complete blob, or the partial file that becomes the blob; creates a partial file if necessary. */
  openGrowing(digest: Digest): Promise<{ file: FileHandle; complete: boolean }>;
}

/** Disk usage in bytes, as `du` counts them. */
export interface ContentUsage {
  blobs: Map<Digest, number>;
  /** Partial files of unfinished ingests. */
  unfinished: number;
}

/** Verification and removal of blobs. */
export interface BlobMaintenance {
  /** Returns the digest of a blob's current bytes; undefined if the blob is missing. */
  computeDigest(digest: Digest): Promise<Digest | undefined>;
  remove(digest: Digest): Promise<void>;
  list(): Promise<Digest[]>;
  /** Removes the partial files except those of the digests in `kept`. No ingest may be running. */
  sweep(kept: ReadonlySet<Digest>): Promise<void>;
  diskUsage(): Promise<ContentUsage>;
}

/** Entry point of the layout: a name and its manifest or index. */
export interface IndexEntry extends Descriptor {
  name: string;
}

/** The layout's `index.json`. */
export interface LayoutIndex {
  /** Replaces all entries. */
  writeIndex(entries: IndexEntry[]): Promise<void>;
}

/** Blobs by digest in an OCI image layout (OCI image-spec, image-layout.md). Consumers take the roles they need. */
export interface ContentStore
  extends BlobReader,
    BlobWriter,
    GrowingBlobReader,
    BlobMaintenance,
    LayoutIndex {}
