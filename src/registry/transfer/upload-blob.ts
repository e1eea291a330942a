import type { Digest } from "#oci/digest.ts";
import { TboxError } from "#support/errors.ts";
import { counted } from "#support/streams.ts";
import type { RegistrySession } from "../access/session.ts";
import { resolveLocation } from "../connection/exchange.ts";
import { isRetryable, pause, TemporaryFailure } from "../connection/retry.ts";

/** A blob to upload. */
export interface UploadSource {
  digest: Digest;
  size: number;
  /** Returns the bytes from `start` up to `end`. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

export interface SendOptions {
  session: RegistrySession;
  /** Location of the upload, from the registry. */
  location: URL;
  /** Opens a new upload after the registry has lost the current one. */
  open: () => Promise<URL>;
  /** Name of the blob for messages. */
  subject: string;
  refused: (response: Response) => Promise<TboxError>;
  signal: AbortSignal;
  onProgress: (bytes: number) => void;
}

const chunkSize = 16 * 1024 * 1024;
/** Maximum number of interruptions of an upload. */
const mostInterruptions = 5;
/** Wait after an interruption, in milliseconds. */
const retryDelay = 500;

/** Sends a blob in one request. If the request fails or is too large, sends chunks and resumes after interruptions. */
export async function sendBlob(source: UploadSource, options: SendOptions): Promise<void> {
  if (await sendWhole(source, options)) return;
  await sendChunks(source, options);
}

/** Returns the location for the next request of an upload. A relative location is resolved against `requested`. */
export function uploadLocation(response: Response, requested: URL, subject: string): URL {
  const location = response.headers.get("location");
  if (location === null)
    throw new TboxError("unavailable", `${subject}: the registry returned no location for the upload`);
  return resolveLocation(requested, location);
}

/** Returns whether the upload succeeded; throws for failures that sending chunks cannot avoid. */
async function sendWhole(source: UploadSource, options: SendOptions): Promise<boolean> {
  const { session, location, signal, onProgress } = options;
  const { digest, size } = source;
  try {
    const response = await session.send(withDigest(location, digest), {
      method: "PUT",
      headers: bodyHeaders(size),
      body: size === 0 ? undefined : () => counted(source.read(0, size), onProgress),
      signal,
    });
    if (response.ok) return true;
    if (response.status !== 413) throw await failure(response, location, options);
    await response.body?.cancel();
    return false;
  } catch (error) {
    if (!isRetryable(error)) throw error;
    await pause(error.after ?? retryDelay, signal);
    return false;
  }
}

async function sendChunks(source: UploadSource, options: SendOptions): Promise<void> {
  const { session, signal, open, onProgress } = options;
  const { digest, size } = source;
  let upload: Upload = { location: await open(), offset: 0 };
  for (let interruptions = 0; ; ) {
    try {
      while (upload.offset < size) upload = await sendChunk(source, upload, options);
      const target = withDigest(upload.location, digest);
      const response = await session.send(target, { method: "PUT", headers: bodyHeaders(0), signal });
      if (!response.ok) throw await failure(response, upload.location, options);
      return;
    } catch (error) {
      if (!isRetryable(error) || ++interruptions > mostInterruptions) throw error;
      await pause(error.after ?? retryDelay, signal);
      upload = (await progressOf(upload, options)) ?? { location: await open(), offset: 0 };
      onProgress(upload.offset);
    }
  }
}

interface Upload {
  location: URL;
  /** Bytes that the registry has received. */
  offset: number;
}

async function sendChunk(source: UploadSource, upload: Upload, options: SendOptions): Promise<Upload> {
  const { session, signal, onProgress } = options;
  const { location, offset } = upload;
  const end = Math.min(source.size, offset + chunkSize);
  const response = await session.send(location, {
    method: "PATCH",
    headers: { ...bodyHeaders(end - offset), "content-range": `${offset}-${end - 1}` },
    body: () => counted(source.read(offset, end), onProgress, offset),
    signal,
  });
  // The registry has another offset or has lost the upload: ask for its offset, or start over.
  if (response.status === 416 || response.status === 404) {
    await response.body?.cancel();
    throw new TemporaryFailure(
      `${options.subject}: the registry answered ${response.status} at ${shownUrl(location)}`,
    );
  }
  if (!response.ok) throw await failure(response, location, options);
  await response.body?.cancel();
  return {
    location: uploadLocation(response, location, options.subject),
    offset: receivedBytes(response) ?? end,
  };
}

/** Returns the state of an upload according to the registry; undefined if the registry has lost the upload. */
async function progressOf({ location }: Upload, options: SendOptions): Promise<Upload | undefined> {
  const { session, signal, subject } = options;
  try {
    const response = await session.send(location, { signal });
    await response.body?.cancel();
    const offset = receivedBytes(response);
    if (!response.ok || offset === undefined) return undefined;
    return { location: uploadLocation(response, location, subject), offset };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TboxError) return undefined;
    throw error;
  }
}

/** Parses `Range: 0-N`, which means N + 1 bytes. Registries write `0-0` for no bytes. */
function receivedBytes(response: Response): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get("range") ?? "")?.[1];
  if (last === undefined) return undefined;
  return last === "0" ? 0 : Number(last) + 1;
}

/** Adds the digest to a location; keeps the query of the registry unchanged. */
function withDigest(location: URL, digest: Digest): URL {
  const target = new URL(location);
  target.search += `${target.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`;
  return target;
}

function bodyHeaders(length: number): Record<string, string> {
  return { "content-type": "application/octet-stream", "content-length": String(length) };
}

/** Returns the error of a request with its address, which shows the server that answered behind a proxy. */
async function failure(response: Response, location: URL, options: SendOptions): Promise<TboxError> {
  const { code, message, cause } = await options.refused(response);
  return new TboxError(code, `${message} (at ${shownUrl(location)})`, { cause });
}

/** Returns a URL without the query, because a query may contain a secret. */
function shownUrl({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
