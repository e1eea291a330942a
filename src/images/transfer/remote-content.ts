import type { BlobSource } from "#content/content-store.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId } from "#oci/digest.ts";
import { documentLimit } from "#oci/manifest.ts";
import { isIndexType, isManifestType, mediaTypes } from "#oci/media-types.ts";
import { familiarName, type Reference, withDefaultTag } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { openRepository } from "#registry/transfer/open-repository.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { unpackLayer } from "../store/image-parts.ts";

/** Manifests and blobs outside the store, such as a build cache in a registry. Nothing of it is verified. */
export interface RemoteContent {
  /** Name for messages. */
  name: string;
  /** Returns the manifest or index with which the content begins. */
  top(signal: AbortSignal): Promise<Uint8Array>;
  /** Opens a manifest or a blob from an offset on, or from an earlier one. */
  open(blob: Descriptor, offset: number, signal: AbortSignal): ReturnType<BlobSource>;
}

/** A layer in remote content. */
export interface RemoteLayer {
  diffId: DiffId;
  descriptor: Descriptor;
}

/** Returns the content that an image name in a registry refers to. */
export function openRemote(
  { registry }: Pick<ImageServices, "registry">,
  reference: Reference,
  credentials: RegistryCredentials | undefined,
): RemoteContent {
  const repository = openRepository(reference, credentials, registry);
  const { digest, tag = "latest" } = withDefaultTag(reference);
  return {
    name: familiarName(reference),
    top: async (signal) => (await repository.fetchManifest(digest ?? tag, signal)).bytes,
    async open(blob, offset, signal) {
      if (!isManifestType(blob.mediaType) && !isIndexType(blob.mediaType)) {
        return repository.fetchBlob(blob, offset, signal);
      }
      const { bytes } = await repository.fetchManifest(blob.digest, signal);
      return { offset: 0, bytes: streamOf(bytes) };
    },
  };
}

async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Reads a document of remote content through the store, which verifies it. */
export async function readRemote(
  { content }: Pick<ImageServices, "content">,
  remote: RemoteContent,
  document: Descriptor,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (document.size > documentLimit)
    throw invalidArgument(`${document.digest} has over ${documentLimit} bytes`);
  await content.ingest((offset) => remote.open(document, offset, signal), document, { signal });
  return content.read(document.digest, documentLimit);
}

/**
 * Adds a layer of remote content to the store unless it is there. Returns the blob of the layer: its plain archive if
 * the layer's files make that again.
 */
export async function fetchLayer(
  services: ImageServices,
  remote: RemoteContent,
  { diffId, descriptor }: RemoteLayer,
  signal: AbortSignal,
): Promise<Descriptor> {
  const { content, layers } = services;
  if (!layers.has(diffId)) {
    await content.ingest((offset) => remote.open(descriptor, offset, signal), descriptor, { signal });
    await unpackLayer(services, descriptor.digest, diffId, { signal });
  }
  if (!(await layers.confirmArchive(diffId, { signal }))) return descriptor;
  return { mediaType: mediaTypes.layer, digest: diffId, size: layers.archiveSize(diffId) ?? 0 };
}
