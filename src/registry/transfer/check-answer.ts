import { type Digest, digestOf, parseDigest } from "#oci/digest.ts";
import { TboxError } from "#support/errors.ts";

/** Returns whether an answer is complete or begins at the requested offset. Some registries send another range. */
export function isRequestedRange(response: Response, requested: number): boolean {
  if (response.status !== 206) return true;
  const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
  return Number(range?.[1]) === requested;
}

/** Throws for a body with a content encoding, because the digest covers the bytes without the encoding. */
export function refuseEncoding(response: Response, subject: string): void {
  const encoding = response.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw new TboxError("unavailable", `${subject}: the registry used the content encoding ${encoding}`);
  }
}

export interface DigestExpectations {
  /** Tag or digest of the request. */
  requested: string;
  /** Digest in the header of the answer. */
  answered: string | null;
  subject: string;
}

/** Returns the digest of a manifest's bytes; throws unless it equals the requested and the answered digest. */
export function verifiedDigest(
  bytes: Uint8Array,
  { requested, answered, subject }: DigestExpectations,
): Digest {
  for (const expected of [requested, answered ?? ""]) {
    const [algorithm] = expected.split(":");
    if (algorithm !== "sha256" && algorithm !== "sha512") continue;
    const hex = new Bun.CryptoHasher(algorithm).update(bytes).digest("hex");
    if (`${algorithm}:${hex}` !== expected) {
      const found = `its bytes have ${algorithm}:${hex}`;
      throw new TboxError("unavailable", `${subject}: expected ${expected}, ${found}`);
    }
  }
  return requested.startsWith("sha512:") ? parseDigest(requested) : digestOf(bytes);
}
