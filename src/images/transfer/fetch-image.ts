import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, digestOf, parseDigest } from "#oci/digest.ts";
import { documentLimit } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import type { Platform } from "#oci/platform.ts";
import type { Repository } from "#registry/transfer/repository.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { readConfig, recordOf } from "../store/image-parts.ts";
import { downloadBlob } from "./download-blob.ts";
import { fetchDocument } from "./fetch-document.ts";
import { followIndex } from "./follow-index.ts";
import type { Progress } from "./image-transfer.ts";
import { pullLayers } from "./pull-layers.ts";
import type { RemoteContent } from "./remote-content.ts";

interface FetchImageOptions {
  platform: Platform;
  signal: AbortSignal;
  report: (progress: Progress) => void;
}

/** Adds an image of remote content to the store, without a name; returns its ID and whether the store had it before. */
export function fetchImage(
  services: ImageServices,
  remote: RemoteContent,
  { platform, signal, report }: FetchImageOptions,
): Promise<{ id: Digest; existed: boolean }> {
  const { content, records } = services;
  const repository = repositoryOf(remote);
  const fetch = (tagOrDigest: string, expected?: Descriptor) =>
    fetchDocument(
      content,
      repository,
      { name: remote.name, tagOrDigest, ...(expected ? { expected } : {}) },
      signal,
    );
  return services.withLease(async () => {
    const top = await fetch("");
    const parts = await followIndex(top, {
      name: remote.name,
      platform,
      fetch: (entry) => fetch(entry.digest, entry),
    });
    await downloadBlob(content, repository, parts.manifest.config, { signal });
    const record = recordOf(parts, await readConfig(services, parts.manifest));
    const layers = { diffIds: record.diffIds, blobs: parts.manifest.layers };
    await pullLayers(services, repository, layers, { signal, report });
    const existed = records.get(record.id) !== undefined;
    if (!existed) records.add(record, {});
    await services.writeIndex();
    return { id: record.id, existed };
  });
}

/** Returns remote content in the form of a repository, whose only tag is empty. */
function repositoryOf(remote: RemoteContent): Pick<Repository, "fetchManifest" | "fetchBlob"> {
  return {
    fetchBlob: (blob, offset, signal) => remote.open(blob, offset, signal),
    async fetchManifest(tagOrDigest, signal) {
      const bytes =
        tagOrDigest === "" ? await remote.top(signal) : await readDocument(remote, tagOrDigest, signal);
      const digest = digestOf(bytes);
      if (tagOrDigest !== "" && tagOrDigest.startsWith("sha256:") && digest !== tagOrDigest) {
        throw invalidArgument(`${remote.name}: the manifest ${tagOrDigest} has the digest ${digest}`);
      }
      return { bytes, mediaType: undefined, digest };
    },
  };
}

async function readDocument(
  remote: RemoteContent,
  digest: string,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const blob = { mediaType: mediaTypes.manifest, digest: parseDigest(digest), size: documentLimit };
  const { bytes } = await remote.open(blob, 0, signal);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of bytes) {
    size += piece.length;
    if (size > documentLimit)
      throw invalidArgument(`${remote.name}: ${digest} has over ${documentLimit} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
