import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, digestOf } from "#oci/digest.ts";
import { acceptedManifests } from "#oci/media-types.ts";
import { familiarRepository, type Reference } from "#oci/reference.ts";
import { TboxError } from "#support/errors.ts";
import { chunksOf, readBody } from "./body.ts";
import { parseChallenges } from "./challenge.ts";
import { exchange } from "./exchange.ts";
import { registryBase } from "./origin.ts";
import { retrying, TemporaryFailure } from "./retry.ts";
import { basicAuthorization, fetchToken, type RegistryCredentials, type Token } from "./token.ts";

/** Longest manifest or index that is read, in bytes. */
const manifestLimit = 4 * 1024 * 1024;
const errorLimit = 64 * 1024;

export interface RegistryOptions {
  /** Domains that may be spoken to in plain http. */
  insecure: readonly string[];
  /** Domain to the base of the registry that is asked in its place. */
  mirrors: Readonly<Record<string, string>>;
}

export interface FetchedManifest {
  bytes: Uint8Array;
  mediaType: string | undefined;
  digest: Digest;
}

/** One repository of a registry (OCI distribution-spec, "Pull"). */
export interface Repository {
  /** By tag or digest; the digest is computed over the bytes and compared with every one that is named. */
  fetchManifest(tagOrDigest: string, signal: AbortSignal): Promise<FetchedManifest>;
  /** The blob's bytes from `offset` on, or from where the registry begins. */
  fetchBlob(
    blob: Descriptor,
    offset: number,
    signal: AbortSignal,
  ): Promise<{ offset: number; bytes: AsyncIterable<Uint8Array> }>;
}

export function openRepository(
  reference: Reference,
  credentials: RegistryCredentials | undefined,
  options: RegistryOptions,
): Repository {
  const mirror = Object.hasOwn(options.mirrors, reference.domain)
    ? options.mirrors[reference.domain]
    : undefined;
  const base = mirror === undefined ? registryBase(reference.domain, options.insecure) : new URL(mirror);
  const name = familiarRepository(reference);
  const scope = `repository:${reference.path}:pull`;
  let token: Token | undefined;
  let basic: string | undefined;

  async function get(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const url = new URL(`/v2/${reference.path}/${path}`, base);
    if (token && token.expires <= performance.now()) token = undefined;
    const first = await exchange(url, {
      headers,
      authorization: token ? `Bearer ${token.value}` : basic,
      signal,
    });
    if (first.status !== 401) return first;
    await first.body?.cancel();
    await authenticate(first.headers.get("www-authenticate") ?? "", signal);
    return exchange(url, { headers, authorization: token ? `Bearer ${token.value}` : basic, signal });
  }

  async function authenticate(header: string, signal: AbortSignal): Promise<void> {
    const challenges = parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer) {
      token = await fetchToken({ challenge: bearer, registry: base, scope, credentials, signal });
      return;
    }
    token = undefined;
    basic = challenges.some(({ scheme }) => scheme === "basic") ? basicAuthorization(credentials) : undefined;
  }

  return {
    fetchManifest: (tagOrDigest, signal) =>
      retrying(signal, async () => {
        const headers = { accept: acceptedManifests.join(", ") };
        const response = await get(`manifests/${tagOrDigest}`, headers, signal);
        const what = `manifest ${name}:${tagOrDigest}`;
        if (!response.ok) throw await refusal(response, what, name);
        refuseEncoding(response, what);
        const bytes = await readBody(response, manifestLimit, what);
        const digest = checkDigest(bytes, tagOrDigest, response.headers.get("docker-content-digest"), what);
        const mediaType = response.headers.get("content-type")?.split(";")[0]?.trim();
        return { bytes, mediaType, digest };
      }),
    fetchBlob: (blob, offset, signal) =>
      retrying(signal, async () => {
        const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
        const response = await get(`blobs/${blob.digest}`, headers, signal);
        const what = `blob ${blob.digest} of ${name}`;
        if (response.status === 416) {
          await response.body?.cancel();
          const whole = await get(`blobs/${blob.digest}`, {}, signal);
          if (!whole.ok) throw await refusal(whole, what, name);
          return { offset: 0, bytes: chunksOf(whole, what) };
        }
        if (!response.ok) throw await refusal(response, what, name);
        refuseEncoding(response, what);
        return { offset: beginning(response, offset, what), bytes: chunksOf(response, what) };
      }),
  };
}

/** Where the bytes of an answer begin; an answer to a range must be for that range. */
function beginning(response: Response, asked: number, what: string): number {
  if (response.status !== 206) return 0;
  const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
  if (Number(range?.[1]) !== asked)
    throw new TemporaryFailure(`${what}: the registry answered another range`);
  return asked;
}

/** A digest over bytes that somebody recoded would be of something else. */
function refuseEncoding(response: Response, what: string): void {
  const encoding = response.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw new TboxError("unavailable", `${what}: the registry recoded it as ${encoding}`);
  }
}

function checkDigest(bytes: Uint8Array, asked: string, header: string | null, what: string): Digest {
  const found = digestOf(bytes);
  for (const expected of [asked, header ?? ""]) {
    const [algorithm] = expected.split(":");
    if (algorithm !== "sha256" && algorithm !== "sha512") continue;
    const own = new Bun.CryptoHasher(algorithm).update(bytes).digest("hex");
    if (`${algorithm}:${own}` !== expected) {
      throw new TboxError("unavailable", `${what}: expected ${expected}, its bytes have ${algorithm}:${own}`);
    }
  }
  return asked.startsWith("sha512:") ? (asked as Digest) : found;
}

/** Docker's words where clients look for them. */
async function refusal(response: Response, what: string, name: string): Promise<TboxError> {
  const bytes = await readBody(response, errorLimit, what).catch(() => new Uint8Array());
  const message = messageIn(bytes);
  switch (response.status) {
    case 401:
    case 403: {
      const hint = `repository does not exist or may require 'docker login'`;
      return new TboxError("not-found", `pull access denied for ${name}, ${hint}: ${message || "denied"}`);
    }
    case 404:
      return new TboxError("not-found", `${what} not found${message ? `: ${message}` : ""}`);
    default:
      return new TboxError(
        "unavailable",
        `${what}: the registry answered ${response.status} ${message}`.trim(),
      );
  }
}

function messageIn(bytes: Uint8Array): string {
  try {
    const reply = JSON.parse(new TextDecoder().decode(bytes));
    return String(reply.errors?.[0]?.message ?? "").slice(0, 500);
  } catch {
    return "";
  }
}
