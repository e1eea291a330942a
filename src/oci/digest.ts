import { invalidArgument } from "#support/errors.ts";

declare const brand: unique symbol;

/** `algorithm:hex` over a blob's bytes as received. */
export type Digest = string & { readonly [brand]: "blob" };

/** Digest over a layer's uncompressed tar. */
export type DiffId = Digest & { readonly uncompressed: true };

export type Algorithm = "sha256" | "sha512";

const digestPattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/**
 * Parses a digest (OCI image-spec, descriptor.md, "Digests"). Accepts only registered algorithms, lower case and the
 * algorithm's length, because digests become file names.
 */
export function parseDigest(text: string): Digest {
  if (digestPattern.test(text)) return text as Digest;
  throw invalidArgument(`invalid digest ${JSON.stringify(text.slice(0, 200))}`);
}

export function parseDiffId(text: string): DiffId {
  return parseDigest(text) as DiffId;
}

export function splitDigest(digest: Digest): { algorithm: Algorithm; hex: string } {
  const colon = digest.indexOf(":");
  return { algorithm: digest.slice(0, colon) as Algorithm, hex: digest.slice(colon + 1) };
}

/** Returns the first twelve hex characters, the short form in listings. */
export function shortDigest(digest: Digest): string {
  return splitDigest(digest).hex.slice(0, 12);
}

/** Returns the SHA-256 digest of bytes. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}` as Digest;
}
