import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";

export interface FetchedManifest {
  bytes: Uint8Array;
  mediaType: string | undefined;
  digest: Digest;
}

/** Bytes of a blob from `offset` on. */
export interface FetchedBlob {
  offset: number;
  bytes: AsyncIterable<Uint8Array>;
}

/** A repository to pull from (OCI distribution-spec, "Pull"). */
export interface Repository {
  /** Fetches a manifest; verifies it against the requested digest and the digest in the answer's header. */
  fetchManifest(tagOrDigest: string, signal: AbortSignal): Promise<FetchedManifest>;
  /** Returns a tag's digest without fetching the manifest; undefined if the registry does not report the digest. */
  headManifest(tag: string, signal: AbortSignal): Promise<Digest | undefined>;
  /** Returns all tags of the repository. */
  listTags(signal: AbortSignal): Promise<string[]>;
  /** Fetches a blob from `offset` on; a registry without support for ranges sends it from the start. */
  fetchBlob(blob: Descriptor, offset: number, signal: AbortSignal): Promise<FetchedBlob>;
}
