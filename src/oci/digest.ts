import { invalidArgument } from "#support/errors.ts";

declare const brand: unique symbol;

/** `algorithm:hex` over a blob's bytes as received. */
export type Digest = string & { readonly [brand]: "blob" };

/** Digest over a layer's uncompressed tar. */
export type DiffId = Digest & { readonly uncompressed: true };

export type Algorithm = "sha256" | "sha512";

const hexLengths: Record<Algorithm, number> = { sha256: 64, sha512: 128 };

/**
 * Parses a digest (OCI image-spec, descriptor.md, "Digests"). Accepts only registered algorithms, lower case and the
 * algorithm's length, because digests become file names.
 */
export function parseDigest(text: string): Digest {
  const [algorithm, hex, ...rest] = text.split(":");
  const length = Object.hasOwn(hexLengths, algorithm ?? "") ? hexLengths[algorithm as Algorithm] : undefined;
  if (length === undefined || rest.length > 0 || !new RegExp(`^[0-9a-f]{${length}}$`).test(hex ?? "")) {
    throw invalidArgument(`invalid digest ${JSON.stringify(text.slice(0, 200))}`);
  }
  return text as Digest;
}

export function parseDiffId(text: string): DiffId {
  return parseDigest(text) as DiffId;
}

export function splitDigest(digest: Digest): { algorithm: Algorithm; hex: string } {
  const [algorithm, hex] = digest.split(":");
  return { algorithm: algorithm as Algorithm, hex: hex ?? "" };
}

/** Returns the first twelve hex characters, the short form in listings. */
export function shortDigest(digest: Digest): string {
  return splitDigest(digest).hex.slice(0, 12);
}

/** Returns the SHA-256 digest of bytes. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}` as Digest;
}
