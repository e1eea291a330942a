import { type Algorithm, type Digest, splitDigest } from "#oci/digest.ts";

/** Paths of an OCI image layout. */
export interface LayoutPaths {
  blobs(algorithm: Algorithm): string;
  blob(digest: Digest): string;
  /** Directory of unfinished ingests, outside the specification. */
  partials: string;
  partial(digest: Digest): string;
}

export function layoutPaths(root: string): LayoutPaths {
  const partials = `${root}/blobs/.partial`;
  const blobs = (algorithm: Algorithm) => `${root}/blobs/${algorithm}`;
  return {
    blobs,
    partials,
    blob(digest) {
      const { algorithm, hex } = splitDigest(digest);
      return `${blobs(algorithm)}/${hex}`;
    },
    partial: (digest) => `${partials}/${splitDigest(digest).hex}`,
  };
}
