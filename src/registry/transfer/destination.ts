import type { Digest } from "#oci/digest.ts";
import { acceptedManifests } from "#oci/media-types.ts";
import { familiarRepository, type Reference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { TboxError } from "#support/errors.ts";
import { type Refused, refusal } from "../access/refusal.ts";
import type { RegistryOptions } from "../access/registry-options.ts";
import { baseOf, openSession } from "../access/session.ts";
import { retrying } from "../connection/retry.ts";
import { locationOf, sendBlob, type UploadSource } from "./upload.ts";

export interface UploadOptions {
  /** Repositories of the same registry that may have the blob. */
  mountFrom: string[];
  signal: AbortSignal;
  /** Called with the bytes sent so far. */
  onProgress: (bytes: number) => void;
}

/** A repository that is pushed to (OCI distribution-spec, "Push"). */
export interface Destination {
  hasBlob(digest: Digest, signal: AbortSignal): Promise<boolean>;
  /** Sends a blob, or has it taken over from one of the given repositories: gives the name of that one. */
  putBlob(source: UploadSource, options: UploadOptions): Promise<{ mountedFrom: string | undefined }>;
  hasManifest(digest: Digest, signal: AbortSignal): Promise<boolean>;
  /** Stores the very bytes under a tag or their digest. */
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
  /** Repositories of the same registry that blobs may be taken over from. */
  sources: string[];
}

export function openDestination(
  reference: Reference,
  { credentials, sources, ...options }: DestinationOptions,
): Destination {
  const { path } = reference;
  const scopes = [`repository:${path}:pull,push`, ...sources.map((source) => `repository:${source}:pull`)];
  const session = openSession({ ...options, base: baseOf(reference, options), scopes, credentials });
  const name = familiarRepository(reference);
  const refused = (response: Response, what: string, action: Refused["action"] = "push") =>
    refusal(response, { action, name, what });

  async function exists(kind: "blobs" | "manifests", digest: Digest, signal: AbortSignal): Promise<boolean> {
    const target = `/v2/${path}/${kind}/${digest}`;
    const headers: Record<string, string> =
      kind === "manifests" ? { accept: acceptedManifests.join(", ") } : {};
    const response = await session.send(target, { method: "HEAD", headers, signal });
    if (response.ok) return true;
    if (response.status === 401 || response.status === 403) throw await refused(response, digest);
    // A repository without this question is sent what it may have already.
    return false;
  }

  /** Where to send a blob; nothing when the registry took it over from another repository. */
  async function begin(mount: string, signal: AbortSignal): Promise<URL | undefined> {
    const target = `/v2/${path}/blobs/uploads/${mount}`;
    const response = await session.send(target, { method: "POST", signal });
    if (response.status === 201) return undefined;
    if (response.status !== 202) throw await refused(response, `upload to ${name}`);
    await response.body?.cancel();
    return locationOf(response, new URL(target, session.base), `upload to ${name}`);
  }

  /** A refused mount is no failure: the blob is sent. */
  async function mount(
    digest: Digest,
    from: string,
    signal: AbortSignal,
  ): Promise<URL | "mounted" | undefined> {
    const query = `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
    try {
      return (await begin(query, signal)) ?? "mounted";
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TboxError) return undefined;
      throw error;
    }
  }

  return {
    hasBlob: (digest, signal) => retrying(signal, () => exists("blobs", digest, signal)),
    hasManifest: (digest, signal) => retrying(signal, () => exists("manifests", digest, signal)),
    async putBlob(source, { mountFrom, signal, onProgress }) {
      const what = `blob ${source.digest} of ${name}`;
      let location: URL | undefined;
      for (const from of mountFrom) {
        const answer = await mount(source.digest, from, signal);
        if (answer === "mounted") return { mountedFrom: from };
        location = answer;
        if (location) break;
      }
      const open = () =>
        retrying(signal, async () => {
          const opened = await begin("", signal);
          if (opened) return opened;
          throw new TboxError("unavailable", `${what}: the registry says it has it before it was sent`);
        });
      location ??= await open();
      await sendBlob(source, {
        session,
        location,
        open,
        what,
        refused: (response) => refused(response, what),
        signal,
        onProgress,
      });
      return { mountedFrom: undefined };
    },
    putManifest: ({ name: tagOrDigest, digest, mediaType, bytes }, signal) =>
      retrying(signal, async () => {
        const what = `manifest ${name}:${tagOrDigest}`;
        const response = await session.send(`/v2/${path}/manifests/${tagOrDigest}`, {
          method: "PUT",
          headers: { "content-type": mediaType },
          body: () => bytes,
          signal,
        });
        if (!response.ok) throw await refused(response, what);
        await response.body?.cancel();
        const stored = response.headers.get("docker-content-digest");
        if (stored?.startsWith("sha256:") && stored !== digest) {
          throw new TboxError("unavailable", `${what}: the registry stored ${stored} in place of ${digest}`);
        }
      }),
  };
}
