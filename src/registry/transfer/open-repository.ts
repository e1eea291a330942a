import type { Descriptor } from "#oci/descriptor.ts";
import { parseDigest } from "#oci/digest.ts";
import { documentLimit } from "#oci/manifest.ts";
import { acceptedManifests } from "#oci/media-types.ts";
import { familiarRepository, type Reference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { TboxError } from "#support/errors.ts";
import { refusal } from "../access/refusal.ts";
import { baseOf, type RegistryBase } from "../access/registry-base.ts";
import type { RegistryOptions } from "../access/registry-options.ts";
import { openSession, type RegistrySession } from "../access/session.ts";
import { chunksOf, readBody } from "../connection/body.ts";
import { retrying, TemporaryFailure } from "../connection/retry.ts";
import { isRequestedRange, refuseEncoding, verifiedDigest } from "./check-answer.ts";
import { listNames } from "./list-names.ts";
import { firstOf } from "./mirrors.ts";
import type { FetchedBlob, FetchedManifest, Repository } from "./repository.ts";

const manifestHeaders = { accept: acceptedManifests.join(", ") };

/** Opens the repository of a reference. Tries the mirrors of the registry in order, then the registry itself. */
export function openRepository(
  reference: Reference,
  credentials: RegistryCredentials | undefined,
  options: RegistryOptions,
): Repository {
  const { domain } = reference;
  const mirrors = Object.hasOwn(options.mirrors, domain) ? (options.mirrors[domain] ?? []) : [];
  const own = openAt(reference, { base: baseOf(reference, options), credentials, options });
  if (mirrors.length === 0) return own;
  // The credentials are for the registry and must not reach its mirrors.
  const all = mirrors.map((url) =>
    openAt(reference, { base: mirrorBase(url), credentials: undefined, options }),
  );
  return firstOf([...all, own]);
}

function mirrorBase(url: string): RegistryBase {
  return { url: new URL(url), fallback: undefined };
}

interface Endpoint {
  base: RegistryBase;
  credentials: RegistryCredentials | undefined;
  options: RegistryOptions;
}

/** State of the requests to one repository. */
interface RepositoryClient {
  session: RegistrySession;
  /** Familiar name for messages. */
  name: string;
  patience: number | undefined;
  /** Requests a path below `/v2/<repository>/`. */
  get(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response>;
  refused(response: Response, subject: string): Promise<TboxError>;
}

function openAt(reference: Reference, { base, credentials, options }: Endpoint): Repository {
  const { path } = reference;
  const name = familiarRepository(reference);
  const session = openSession({ ...options, base, scopes: [`repository:${path}:pull`], credentials });
  const client: RepositoryClient = {
    session,
    name,
    patience: options.patience,
    get: (target, headers, signal) => session.send(`/v2/${path}/${target}`, { headers, signal }),
    refused: (response, subject) => refusal(response, { action: "pull", name, subject }),
  };
  return {
    fetchManifest: (tagOrDigest, signal) =>
      retrying(signal, () => fetchManifest(client, tagOrDigest, signal)),
    async headManifest(tag, signal) {
      const request = { method: "HEAD" as const, headers: manifestHeaders, signal };
      try {
        const response = await session.send(`/v2/${path}/manifests/${tag}`, request);
        const digest = response.headers.get("docker-content-digest");
        return response.ok && digest !== null ? parseDigest(digest) : undefined;
      } catch (error) {
        // The following fetch reports the error.
        signal.throwIfAborted();
        if (error instanceof TboxError) return undefined;
        throw error;
      }
    },
    listTags: (signal) => retrying(signal, () => fetchTags(client, signal)),
    fetchBlob: (blob, offset, signal) => retrying(signal, () => fetchBlob(client, blob, offset, signal)),
  };
}

async function fetchManifest(
  { get, refused, name }: RepositoryClient,
  tagOrDigest: string,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const response = await get(`manifests/${tagOrDigest}`, manifestHeaders, signal);
  const subject = `manifest ${name}:${tagOrDigest}`;
  if (!response.ok) throw await refused(response, subject);
  refuseEncoding(response, subject);
  const bytes = await readBody(response, documentLimit, subject);
  const answered = response.headers.get("docker-content-digest");
  const digest = verifiedDigest(bytes, { requested: tagOrDigest, answered, subject });
  const mediaType = response.headers.get("content-type")?.split(";")[0]?.trim();
  return { bytes, mediaType, digest };
}

function fetchTags({ session, get, refused, name }: RepositoryClient, signal: AbortSignal) {
  const subject = `tags of ${name}`;
  const page = async (target: string) => {
    // A link to the next page is a relative path, an absolute path or a URL.
    const isRelative = !/^(https?:)?\//.test(target);
    const response = isRelative
      ? await get(target, {}, signal)
      : await session.send(target.startsWith("/") ? target : new URL(target), { signal });
    if (!response.ok) throw await refused(response, subject);
    return response;
  };
  return listNames(page, { first: "tags/list", member: "tags", subject });
}

async function fetchBlob(
  { get, refused, name, patience }: RepositoryClient,
  blob: Descriptor,
  offset: number,
  signal: AbortSignal,
): Promise<FetchedBlob> {
  const path = `blobs/${blob.digest}`;
  const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
  let response = await get(path, headers, signal);
  const subject = `blob ${blob.digest} of ${name}`;
  let start = offset;
  // Some registries refuse a range instead of ignoring it, or answer with another one.
  if (offset > 0 && (response.status === 416 || !isRequestedRange(response, offset))) {
    await response.body?.cancel();
    response = await get(path, {}, signal);
    start = 0;
  }
  if (!response.ok) throw await refused(response, subject);
  refuseEncoding(response, subject);
  if (!isRequestedRange(response, start)) {
    throw new TemporaryFailure(`${subject}: the registry answered with another range`);
  }
  return { offset: response.status === 206 ? start : 0, bytes: chunksOf(response, subject, patience) };
}
