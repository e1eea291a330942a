import type { WriteArchive } from "#layers/layers.ts";
import type { ImageConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";
import type { Reference } from "#oci/reference.ts";
import type { StoredImage } from "../store/image-queries.ts";
import type { AdoptedLayer } from "./adopt-layer.ts";

/** An image to build on. */
export interface BaseImage extends StoredImage {
  /** Blobs of the layers, base first. */
  layers: Descriptor[];
  /** Manifest or index that the name refers to. */
  target: Descriptor;
}

export interface NewImage {
  config: ImageConfig;
  /** Blobs of the layers, base first. The unpacked layers are in the store, with the blobs that they do not make again. */
  layers: Descriptor[];
  /** Annotations of the manifest. */
  annotations?: Record<string, string>;
  /** Image that the new one is built on. */
  parent?: Digest;
}

export interface CommitOptions {
  /** Image below the committed layer. */
  parent: Digest;
  config: NonNullable<ImageConfig["config"]>;
  /** Dockerfile instructions that change the configuration. */
  changes: string[];
  createdBy: string;
  author: string;
  comment: string;
  reference?: Reference;
  signal: AbortSignal;
}

/** Creation of images and names in the store. */
export interface ImageAuthoring {
  /** Returns an image to build on; throws not-found for an unknown name. */
  resolveBase(name: string, platform?: Platform): Promise<BaseImage>;
  /** Writes an image from layers in the store, then its names; returns the image's ID. */
  write(image: NewImage, references: Reference[]): Promise<Digest>;
  /** Creates an image from another one and a layer; returns its ID. */
  commit(layer: WriteArchive, options: CommitOptions): Promise<Digest>;
  /** Adds a layer from its plain archive. */
  adoptLayer(write: WriteArchive, signal: AbortSignal): Promise<AdoptedLayer>;
  /** Adds a name to an image; returns the image's ID. */
  tag(name: string, target: Reference): Promise<Digest>;
  /** Returns the layers of all images. */
  usedLayers(): DiffId[];
  /** Runs work that adds blobs and layers before anything refers to them; garbage collection waits for its end. */
  withLease<T>(work: () => Promise<T>): Promise<T>;
}
