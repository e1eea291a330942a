import type { Digest } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";
import type { Reference } from "#oci/reference.ts";

export interface LoadOptions {
  /** Platform to load from a multi-platform image; an archive without this platform is refused. */
  platform?: Platform | undefined;
  signal: AbortSignal;
}

/** A line of a load: the name of a loaded image (the ID if it has none), or a name moved from another image. */
export type LoadedImage = { loaded: string; id: Digest } | { moved: string; from: Digest };

export interface SaveOptions {
  /** Platform to save from a multi-platform image. */
  platform?: Platform | undefined;
  signal: AbortSignal;
}

export interface ImportOptions {
  reference?: Reference;
  /** Dockerfile instructions that change the configuration (`CMD`, `ENV`, …). */
  changes: string[];
  message: string;
  platform?: Platform;
  signal: AbortSignal;
}

/** Exchange of images as tar archives. */
export interface ImageArchives {
  /** Loads the images of a docker-archive or an OCI layout. */
  load(archive: ReadableStream<Uint8Array>, options: LoadOptions): AsyncIterable<LoadedImage>;
  /** Returns a tar that is both an OCI layout and a docker-archive; throws at once if an image is missing. */
  save(names: string[], options: SaveOptions): Promise<AsyncIterable<Uint8Array>>;
  /** Creates an image with one layer from the tar of a root file system; returns its ID. */
  import(archive: ReadableStream<Uint8Array>, options: ImportOptions): Promise<Digest>;
}
