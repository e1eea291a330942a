import type { DiffId, Digest } from "#oci/digest.ts";
import type { WrongSize } from "#support/wrong-size.ts";

/** Function that opens a blob for `use` and closes it afterwards. `growing` is set while the blob is being written. */
export type WithBlob = <T>(use: (descriptor: number, growing?: GrowingBlob) => Promise<T>) => Promise<T>;

/** Function that writes an archive to a descriptor. It may be called again, and it ends when the signal is aborted. */
export type WriteArchive = (descriptor: number, signal: AbortSignal) => Promise<void>;

/** A blob that is still being written to its file. */
export interface GrowingBlob {
  /** Bytes of the complete blob. */
  readonly size: number;
  /** Calls a listener whenever the file has grown, until the registration is disposed of. */
  onGrowth(listener: () => void): Disposable;
}

export interface UnpackOptions {
  signal?: AbortSignal;
  /** Called with the compressed bytes consumed so far. */
  onProgress?: (bytes: number) => void;
}

/** Compression of an archive: level 0 to 9 for gzip, 1 to 22 for zstd. */
export interface LayerCompression {
  format: "gzip" | "zstd";
  level: number;
}

export interface PackOptions {
  /** Absent for a plain archive. */
  compression?: LayerCompression;
  signal?: AbortSignal;
  /** Called with the bytes of the archive that were packed so far. */
  onProgress?: (bytes: number) => void;
}

export interface CommitUpperOptions {
  /** Latest modification time, in seconds since the epoch. Later times are lowered to this value. */
  latest?: number;
  /** Whether the layer's directories are merged with lower layers and hide no files of these. */
  merge?: boolean;
}

export interface LayerQueries {
  has(diffId: DiffId): boolean;
  /** Returns the total size of the files in the layer's archive, in bytes; 0 for a missing layer. */
  size(diffId: DiffId): number;
  list(): DiffId[];
  /** Returns a number that changes whenever a layer is added or removed. */
  revision(): number;
}

export interface LayerUnpacking {
  /** Unpacks a layer unless it is present; concurrent calls share one run. */
  ensure(diffId: DiffId, blob: WithBlob, options?: UnpackOptions): Promise<void>;
  /** Throws unless a blob is the archive of a layer. Reads the whole blob; unpacks the layer if it is missing. */
  match(diffId: DiffId, blob: WithBlob, options?: UnpackOptions): Promise<void>;
  /** Unpacks a layer whose diffID is not known in advance. */
  adopt(blob: WithBlob, options?: UnpackOptions): Promise<DiffId>;
  /** Unpacks a layer while `write` writes its archive, which is stored nowhere. */
  adoptFrom(write: WriteArchive, signal: AbortSignal): Promise<DiffId>;
  /** Returns whether a layer on disk equals its blob, by unpacking the blob once more for comparison. */
  verify(diffId: DiffId, blob: WithBlob, options?: UnpackOptions): Promise<boolean>;
}

export interface LayerCommits {
  /**
   * Moves an overlay upper directory of the store to the layers; returns undefined for an empty directory. The layer has
   * no blob: its files make the archive again. It survives the loss of power only after `sync` has resolved.
   */
  commitUpper(upper: string, options?: CommitUpperOptions): Promise<DiffId | undefined>;
  /** Makes all committed layers durable. */
  sync(): Promise<void>;
}

/** Archives that are made again from the files of a layer, so that no blob has to be stored. */
export interface LayerArchives {
  /** Returns the size of the archive that the layer's files make again; undefined if only a blob has the archive. */
  archiveSize(diffId: DiffId): number | undefined;
  /** Tests whether the files of a layer make its archive again, and remembers a positive result. */
  confirmArchive(diffId: DiffId, options?: Pick<PackOptions, "signal">): Promise<boolean>;
  /** Tests whether the files of a layer make its archive now. */
  isIntact(diffId: DiffId, options?: Pick<PackOptions, "signal">): Promise<boolean>;
  /** Writes the archive of a layer to a file; throws if the files make another archive than the diffID says. */
  pack(diffId: DiffId, descriptor: number, options?: PackOptions): Promise<PackedArchive>;
  /** Returns the plain archive of a layer. A stream of another archive than the diffID says ends with an error. */
  read(diffId: DiffId, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Compresses a plain archive from one file into another. */
  compress(archive: number, descriptor: number, options: Required<PackOptions>): Promise<PackedArchive>;
}

/** Digest and size of a written archive. */
export interface PackedArchive {
  digest: Digest;
  size: number;
}

export interface LayerMaintenance {
  remove(diffIds: DiffId[]): Promise<void>;
  /** Returns the bytes of each layer on disk, as `du` counts them. */
  diskUsage(): Promise<Map<DiffId, number>>;
  /** Measures layers again whose size is cached. Corrects and returns the wrong sizes. */
  checkSizes(): Promise<WrongSize[]>;
  /** Removes unknown directories and the leftovers of unpacking. No unpacking may be running. */
  sweep(): Promise<void>;
}

/** Unpacked layers: one directory per diffID, shared by all images. */
export interface Layers extends LayerQueries, LayerUnpacking, LayerCommits, LayerArchives, LayerMaintenance {}
