import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, digestOf, parseDigest } from "#oci/digest.ts";
import { acceptedManifests } from "#oci/media-types.ts";
import { familiarRepository, type Reference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { TboxError } from "#support/errors.ts";
import type { RegistryBase } from "../access/origin.ts";
import { refusal } from "../access/refusal.ts";
import type { RegistryOptions } from "../access/registry-options.ts";
import { baseOf, openSession } from "../access/session.ts";
import { chunksOf, readBody } from "../connection/body.ts";
import { retrying, TemporaryFailure } from "../connection/retry.ts";
import { firstThatHas } from "./mirrors.ts";
import { allTags } from "./tags.ts";

/** Longest manifest or index that is read, in bytes. */
const manifestLimit = 4 * 1024 * 1024;

export interface FetchedManifest {
  bytes: Uint8Array;
  mediaType: string | undefined;
  digest: Digest;
}

/** One repository of a registry (OCI distribution-spec, "Pull"). */
export interface Repository {
  /** By tag or digest; the digest is computed over the bytes and compared with every one that is named. */
  fetchManifest(tagOrDigest: string, signal: AbortSignal): Promise<FetchedManifest>;
  /** What a tag leads to, without fetching it; nothing when the registry does not say. */
  headManifest(tag: string, signal: AbortSignal): Promise<Digest | undefined>;
  /** Every tag that the registry has of it. */
  listTags(signal: AbortSignal): Promise<string[]>;
  /** The blob's bytes from `offset` on, or from where the registry begins. */
  fetchBlob(
    blob: Descriptor,
    offset: number,
    signal: AbortSignal,
  ): Promise<{ offset: number; bytes: AsyncIterable<Uint8Array> }>;
}

/** The mirrors of a registry, asked in turn, and last the registry itself. */
export function openRepository(
  reference: Reference,
  credentials: RegistryCredentials | undefined,
  options: RegistryOptions,
): Repository {
  const { domain } = reference;
  const mirrors = Object.hasOwn(options.mirrors, domain) ? (options.mirrors[domain] ?? []) : [];
  const own = openAt(reference, credentials, baseOf(reference, options), options);
  if (mirrors.length === 0) return own;
  // Credentials are for the registry and no affair of its mirrors.
  const all = mirrors.map((url) => openAt(reference, undefined, mirrorBase(url), options));
  return firstThatHas([...all, own]);
}

function mirrorBase(url: string): RegistryBase {
  return { url: new URL(url), otherwise: undefined };
}

function openAt(
  reference: Reference,
  credentials: RegistryCredentials | undefined,
  base: RegistryBase,
  options: RegistryOptions,
): Repository {
  const name = familiarRepository(reference);
  const scopes = [`repository:${reference.path}:pull`];
  const session = openSession({ ...options, base, scopes, credentials });
  const get = (path: string, headers: Record<string, string>, signal: AbortSignal) =>
    session.send(`/v2/${reference.path}/${path}`, { headers, signal });
  const refused = (response: Response, what: string) => refusal(response, { action: "pull", name, what });

  return {
    fetchManifest: (tagOrDigest, signal) =>
      retrying(signal, async () => {
        const headers = { accept: acceptedManifests.join(", ") };
        const response = await get(`manifests/${tagOrDigest}`, headers, signal);
        const what = `manifest ${name}:${tagOrDigest}`;
        if (!response.ok) throw await refused(response, what);
        refuseEncoding(response, what);
        const bytes = await readBody(response, manifestLimit, what);
        const digest = checkDigest(bytes, tagOrDigest, response.headers.get("docker-content-digest"), what);
        const mediaType = response.headers.get("content-type")?.split(";")[0]?.trim();
        return { bytes, mediaType, digest };
      }),
    async headManifest(tag, signal) {
      const target = `/v2/${reference.path}/manifests/${tag}`;
      const headers = { accept: acceptedManifests.join(", ") };
      try {
        const response = await session.send(target, { method: "HEAD", headers, signal });
        const digest = response.headers.get("docker-content-digest");
        return response.ok && digest !== null ? parseDigest(digest) : undefined;
      } catch (error) {
        // The fetch that follows says what is wrong.
        signal.throwIfAborted();
        if (error instanceof TboxError) return undefined;
        throw error;
      }
    },
    listTags: (signal) =>
      retrying(signal, () => {
        const what = `tags of ${name}`;
        return allTags(async (target) => {
          const isPath = !/^(https?:)?\//.test(target);
          const response = isPath
            ? await get(target, {}, signal)
            : await session.send(target.startsWith("/") ? target : new URL(target), { signal });
          if (!response.ok) throw await refused(response, what);
          return response;
        }, what);
      }),
    fetchBlob: (blob, offset, signal) =>
      retrying(signal, async () => {
        const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
        const response = await get(`blobs/${blob.digest}`, headers, signal);
        const what = `blob ${blob.digest} of ${name}`;
        if (response.status === 416) {
          await response.body?.cancel();
          const whole = await get(`blobs/${blob.digest}`, {}, signal);
          if (!whole.ok) throw await refused(whole, what);
          return { offset: 0, bytes: chunksOf(whole, what, options.patience) };
        }
        if (!response.ok) throw await refused(response, what);
        refuseEncoding(response, what);
        return {
          offset: beginning(response, offset, what),
          bytes: chunksOf(response, what, options.patience),
        };
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
