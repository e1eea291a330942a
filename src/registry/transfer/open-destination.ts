import type { Digest } from "#oci/digest.ts";
import { acceptedManifests } from "#oci/media-types.ts";
import { familiarRepository, type Reference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { TboxError } from "#support/errors.ts";
import { refusal } from "../access/refusal.ts";
import { baseOf } from "../access/registry-base.ts";
import type { RegistryOptions } from "../access/registry-options.ts";
import { openSession, type RegistrySession } from "../access/session.ts";
import { retrying } from "../connection/retry.ts";
import { sendBlob, type UploadSource, uploadLocation } from "./upload-blob.ts";

export interface UploadOptions {
  /** Repositories of the same registry that may have the blob. */
  mountFrom: string[];
  signal: AbortSignal;
  /** Called with the bytes sent so far. */
  onProgress: (bytes: number) => void;
}

/** A repository to push to (OCI distribution-spec, "Push"). */
export interface Destination {
  hasBlob(digest: Digest, signal: AbortSignal): Promise<boolean>;
  /** Sends a blob, or lets the registry mount it; returns the repository from which it was mounted. */
  putBlob(source: UploadSource, options: UploadOptions): Promise<{ mountedFrom: string | undefined }>;
  hasManifest(digest: Digest, signal: AbortSignal): Promise<boolean>;
  /** Stores a manifest unchanged under a tag or its digest. */
  putManifest(manifest: ManifestToPut, signal: AbortSignal): Promise<void>;
}

export interface ManifestToPut {
  /** Tag or digest. */
  name: string;
  digest: Digest;
  mediaType: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface DestinationOptions extends RegistryOptions {
  credentials: RegistryCredentials | undefined;
  /** Repositories of the same registry from which blobs may be mounted. */
  sources: string[];
}

/** State of the requests to one repository. */
interface DestinationClient {
  session: RegistrySession;
  /** Path below `/v2/`. */
  path: string;
  /** Familiar name for messages. */
  name: string;
}

export function openDestination(
  reference: Reference,
  { credentials, sources, ...options }: DestinationOptions,
): Destination {
  const { path } = reference;
  const scopes = [`repository:${path}:pull,push`, ...sources.map((source) => `repository:${source}:pull`)];
  const session = openSession({ ...options, base: baseOf(reference, options), scopes, credentials });
  const client = { session, path, name: familiarRepository(reference) };
  return {
    hasBlob: (digest, signal) => retrying(signal, () => exists(client, `blobs/${digest}`, {}, signal)),
    hasManifest: (digest, signal) => {
      const headers = { accept: acceptedManifests.join(", ") };
      return retrying(signal, () => exists(client, `manifests/${digest}`, headers, signal));
    },
    putBlob: (source, uploadOptions) => putBlob(client, source, uploadOptions),
    putManifest: (manifest, signal) => retrying(signal, () => putManifest(client, manifest, signal)),
  };
}

function refused({ name }: DestinationClient, response: Response, subject: string): Promise<TboxError> {
  return refusal(response, { action: "push", name, subject });
}

async function exists(
  client: DestinationClient,
  target: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<boolean> {
  const request = { method: "HEAD" as const, headers, signal };
  const response = await client.session.send(`/v2/${client.path}/${target}`, request);
  if (response.ok) return true;
  if (response.status === 401 || response.status === 403) {
    throw await refused(client, response, target.slice(target.indexOf("/") + 1));
  }
  // Without HEAD support the blob is sent, even if the registry has it already.
  return false;
}

async function putBlob(
  client: DestinationClient,
  source: UploadSource,
  { mountFrom, signal, onProgress }: UploadOptions,
): Promise<{ mountedFrom: string | undefined }> {
  const subject = `blob ${source.digest} of ${client.name}`;
  let location: URL | undefined;
  for (const from of mountFrom) {
    const answer = await tryMount(client, source.digest, from, signal);
    if (answer === "mounted") return { mountedFrom: from };
    location = answer;
    if (location) break;
  }
  const open = () =>
    retrying(signal, async () => {
      const opened = await beginUpload(client, "", signal);
      if (opened) return opened;
      throw new TboxError(
        "unavailable",
        `${subject}: the registry reports the blob as present before it was sent`,
      );
    });
  location ??= await open();
  await sendBlob(source, {
    session: client.session,
    location,
    open,
    subject,
    refused: (response) => refused(client, response, subject),
    signal,
    onProgress,
  });
  return { mountedFrom: undefined };
}

/** Asks the registry to mount a blob. A refusal is no failure: the blob is sent instead. */
async function tryMount(
  client: DestinationClient,
  digest: Digest,
  from: string,
  signal: AbortSignal,
): Promise<URL | "mounted" | undefined> {
  const query = `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
  try {
    return (await beginUpload(client, query, signal)) ?? "mounted";
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TboxError) return undefined;
    throw error;
  }
}

/** Returns the location of a new upload; undefined if the registry has mounted the blob. */
async function beginUpload(
  client: DestinationClient,
  query: string,
  signal: AbortSignal,
): Promise<URL | undefined> {
  const { session, path, name } = client;
  const target = `/v2/${path}/blobs/uploads/${query}`;
  const response = await session.send(target, { method: "POST", signal });
  if (response.status === 201) return undefined;
  if (response.status !== 202) throw await refused(client, response, `upload to ${name}`);
  await response.body?.cancel();
  return uploadLocation(response, new URL(target, session.base), `upload to ${name}`);
}

async function putManifest(
  client: DestinationClient,
  { name, digest, mediaType, bytes }: ManifestToPut,
  signal: AbortSignal,
): Promise<void> {
  const subject = `manifest ${client.name}:${name}`;
  const response = await client.session.send(`/v2/${client.path}/manifests/${name}`, {
    method: "PUT",
    headers: { "content-type": mediaType },
    body: () => bytes,
    signal,
  });
  if (!response.ok) throw await refused(client, response, subject);
  await response.body?.cancel();
  const stored = response.headers.get("docker-content-digest");
  if (stored?.startsWith("sha256:") && stored !== digest) {
    throw new TboxError("unavailable", `${subject}: the registry stored ${stored} in place of ${digest}`);
  }
}
