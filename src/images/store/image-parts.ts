import type { GrowingBlob, WithBlob } from "#layers/layers.ts";
import { createdAt, diffIdsOf, type ImageConfig, parseConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId, Digest } from "#oci/digest.ts";
import { documentLimit, type Manifest, parseManifest } from "#oci/manifest.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "./image-records.ts";

/** Parts of an image whose manifest and configuration are in the content store. */
export interface ImageParts {
  target: Descriptor;
  manifestDescriptor: Descriptor;
  manifest: Manifest;
}

/** Reads the configuration and checks its number of layers against the manifest. */
export async function readConfig(
  { content }: Pick<ImageServices, "content">,
  manifest: Manifest,
): Promise<ImageConfig> {
  const config = parseConfig(await content.read(manifest.config.digest, documentLimit));
  const expected = config.rootfs.diff_ids.length;
  if (manifest.layers.length !== expected) {
    const message = `the manifest has ${manifest.layers.length} layers and the configuration ${expected}`;
    throw invalidArgument(message);
  }
  return config;
}

export interface UnpackLayerOptions {
  signal: AbortSignal;
  onProgress?: (bytes: number) => void;
  /** Set while the blob is still being written. */
  growing?: GrowingBlob;
}

/** Returns whether a layer is present and the blob is known to be its archive. */
export function isUnpackedFrom(
  { layers, records }: Pick<ImageServices, "layers" | "records">,
  blob: Digest,
  diffId: DiffId,
): boolean {
  return layers.has(diffId) && records.isVerified(blob, diffId);
}

/** Unpacks a layer from its blob in the content store. If the layer is present, compares the blob with its diffID. */
export async function unpackLayer(
  services: Pick<ImageServices, "content" | "layers" | "records">,
  blob: Digest,
  diffId: DiffId,
  options: UnpackLayerOptions,
): Promise<void> {
  const { layers, records } = services;
  for (;;) {
    if (isUnpackedFrom(services, blob, diffId)) return;
    let isRead = false;
    const withBlob: WithBlob = (use) => {
      isRead = true;
      return openBlob(services, blob, options, use);
    };
    try {
      await layers.ensure(diffId, withBlob, options);
      // This blob is unread if the layer was present or another blob's run was shared.
      if (!isRead && !records.isVerified(blob, diffId)) await layers.match(diffId, withBlob, options);
      return records.addVerified(blob, diffId);
    } catch (error) {
      // Another caller may have started the shared run and cancelled it.
      const abandoned = error instanceof TboxError && error.code === "cancelled" && !options.signal.aborted;
      if (!abandoned) throw ofLayer(error, blob);
    }
  }
}

/** Adds the digest of the layer to an error about its archive; returns a cancellation unchanged. */
function ofLayer(error: unknown, blob: Digest): unknown {
  const isAboutArchive = error instanceof TboxError && error.code !== "cancelled";
  return isAboutArchive ? new TboxError(error.code, `layer ${blob}`, { cause: error }) : error;
}

async function openBlob<T>(
  { content }: Pick<ImageServices, "content">,
  blob: Digest,
  { growing }: UnpackLayerOptions,
  use: (descriptor: number, growing?: GrowingBlob) => Promise<T>,
): Promise<T> {
  if (growing === undefined) {
    await using file = await content.open(blob);
    return await use(file.fd);
  }
  const { file, complete } = await content.openGrowing(blob);
  await using _ = file;
  return await use(file.fd, complete ? undefined : growing);
}

/** Returns the record of an image. All parts of the image must be in the store. */
export function recordOf(
  { target, manifestDescriptor, manifest }: ImageParts,
  config: ImageConfig,
): ImageRecord {
  return {
    id: manifest.config.digest,
    target: plain(target),
    manifest: plain(manifestDescriptor),
    configSize: manifest.config.size,
    layers: manifest.layers.map((layer) => layer.digest),
    config,
    diffIds: diffIdsOf(config),
    created: createdAt(config),
  };
}

/** Returns the blobs of an image's layers, base first. */
export async function layersOf(
  { content }: Pick<ImageServices, "content">,
  manifest: Descriptor,
): Promise<Descriptor[]> {
  const document = parseManifest(await content.read(manifest.digest, documentLimit), manifest.mediaType);
  if (document.kind === "manifest") return document.manifest.layers;
  throw new TboxError("internal", `${manifest.digest} is an index, not the manifest of an image`);
}

/** Returns a descriptor without annotations and URLs, which are not stored. */
function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
