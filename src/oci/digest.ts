import { invalidArgument } from "#support/errors.ts";

declare const brand: unique symbol;

/** `algorithm:hex` over a blob's bytes as they were received. */
export type Digest = string & { readonly [brand]: "blob" };

/** Digest over a layer's uncompressed tar. */
export type DiffId = Digest & { readonly uncompressed: true };

export type Algorithm = "sha256" | "sha512";

const hexLengths: Record<Algorithm, number> = { sha256: 64, sha512: 128 };

/**
 * Reads a digest of a registered algorithm, in lower case and of the algorithm's length: nothing else may
 * become a file name (OCI image-spec, descriptor.md, "Digests").
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

/** The first twelve hex characters: how people see a digest. */
export function shortDigest(digest: Digest): string {
  return splitDigest(digest).hex.slice(0, 12);
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}` as Digest;
}
