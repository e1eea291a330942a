import { parseConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { parseManifest } from "#oci/manifest.ts";
import type { Platform } from "#oci/platform.ts";
import { familiarName, type Reference, withDefaultTag } from "#oci/reference.ts";
import type { RegistryCredentials } from "#registry/access/token.ts";
import { readAll } from "#registry/connection/body.ts";
import { openRepository } from "#registry/transfer/repository.ts";
import type { ImageServices } from "../services.ts";
import { documentLimit } from "../store/store-image.ts";

/** What a registry has under a name, and for which platforms; nothing of it is kept. */
export interface DistributedImage {
  descriptor: Descriptor;
  platforms: Platform[];
}

export async function lookUpImage(
  { registry }: ImageServices,
  asked: Reference,
  { credentials, signal }: { credentials: RegistryCredentials | undefined; signal: AbortSignal },
): Promise<DistributedImage> {
  const reference = withDefaultTag(asked);
  const repository = openRepository(reference, credentials, registry);
  const wanted = reference.digest ?? reference.tag ?? "latest";
  const { bytes, mediaType, digest } = await repository.fetchManifest(wanted, signal);
  const document = parseManifest(bytes, mediaType);
  const descriptor = { mediaType: document.mediaType, digest, size: bytes.byteLength };
  if (document.kind === "index") {
    return { descriptor, platforms: document.index.manifests.flatMap(({ platform }) => platform ?? []) };
  }
  const { config } = document.manifest;
  const answer = await repository.fetchBlob(config, 0, signal);
  const what = `configuration of ${familiarName(reference)}`;
  const { os, architecture, variant } = parseConfig(await readAll(answer.bytes, documentLimit, what));
  return { descriptor, platforms: [{ os, architecture, ...(variant ? { variant } : {}) }] };
}
