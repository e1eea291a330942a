import { parseConfig } from "#oci/config.ts";
import { documentLimit, parseManifest } from "#oci/manifest.ts";
import { familiarName, type Reference, withDefaultTag } from "#oci/reference.ts";
import { readAll } from "#registry/connection/body.ts";
import { openRepository } from "#registry/transfer/open-repository.ts";
import type { ImageServices } from "../services.ts";
import type { PullOptions, RemoteImage } from "./image-transfer.ts";

/** Returns the manifest and platforms that a registry has for a name; stores nothing. */
export async function inspectRemoteImage(
  { registry }: Pick<ImageServices, "registry">,
  requested: Reference,
  { credentials, signal }: Pick<PullOptions, "credentials" | "signal">,
): Promise<RemoteImage> {
  const reference = withDefaultTag(requested);
  const repository = openRepository(reference, credentials, registry);
  const tagOrDigest = reference.digest ?? reference.tag ?? "latest";
  const { bytes, mediaType, digest } = await repository.fetchManifest(tagOrDigest, signal);
  const document = parseManifest(bytes, mediaType);
  const descriptor = { mediaType: document.mediaType, digest, size: bytes.byteLength };
  if (document.kind === "index") {
    const platforms = document.index.manifests.flatMap(({ platform }) => platform ?? []);
    return { descriptor, platforms, bytes };
  }
  const { config } = document.manifest;
  const answer = await repository.fetchBlob(config, 0, signal);
  const subject = `configuration of ${familiarName(reference)}`;
  const { os, architecture, variant } = parseConfig(await readAll(answer.bytes, documentLimit, subject));
  return { descriptor, platforms: [{ os, architecture, ...(variant ? { variant } : {}) }], bytes };
}
