import type { DiffId } from "#oci/digest.ts";

/** Function that opens a blob for `use` and closes it afterwards. `growing` is set while the blob is being written. */
export type WithBlob = <T>(use: (descriptor: number, growing?: GrowingBlob) => Promise<T>) => Promise<T>;

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
}

export interface LayerUnpacking {
  /** Unpacks a layer unless it is present; concurrent calls share one run. */
  ensure(diffId: DiffId, blob: WithBlob, options?: UnpackOptions): Promise<void>;
  /** Throws unless a blob is the archive of a layer. Reads the whole blob; unpacks the layer if it is missing. */
  match(diffId: DiffId, blob: WithBlob, options?: UnpackOptions): Promise<void>;
  /** Unpacks a layer whose diffID is not known in advance. */
  adopt(blob: WithBlob, options?: UnpackOptions): Promise<DiffId>;
  /** Returns whether a layer on disk equals its blob, by unpacking the blob once more for comparison. */
  verify(diffId: DiffId, blob: WithBlob, options?: UnpackOptions): Promise<boolean>;
}

export interface LayerCommits {
  /**
   * Moves an overlay upper directory of the store to the layers and writes the layer's blob; returns undefined for an
   * empty directory. The layer survives the loss of power only after `sync` has resolved.
   */
  commitUpper(upper: string, options?: CommitUpperOptions): Promise<DiffId | undefined>;
  /** Makes all committed layers durable. */
  sync(): Promise<void>;
}

export interface LayerMaintenance {
  remove(diffIds: DiffId[]): Promise<void>;
  /** Returns the bytes of each layer on disk, as `du` counts them. */
  diskUsage(): Promise<Map<DiffId, number>>;
  /** Removes unknown directories and the leftovers of unpacking. No unpacking may be running. */
  sweep(): Promise<void>;
}

/** Unpacked layers: one directory per diffID, shared by all images. */
export interface Layers extends LayerQueries, LayerUnpacking, LayerCommits, LayerMaintenance {}
