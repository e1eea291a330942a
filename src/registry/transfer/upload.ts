import type { Digest } from "#oci/digest.ts";
import { TboxError } from "#support/errors.ts";
import type { RegistrySession } from "../access/session.ts";
import { resolveLocation } from "../connection/exchange.ts";
import { mayPass, pause, TemporaryFailure } from "../connection/retry.ts";

/** A blob to send. */
export interface UploadSource {
  digest: Digest;
  size: number;
  /** The bytes from `start` up to `end`. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

export interface SendOptions {
  session: RegistrySession;
  /** Where the registry wants the blob. */
  location: URL;
  /** Begins another upload when this one is lost. */
  open: () => Promise<URL>;
  /** Of the blob, for messages. */
  what: string;
  refused: (response: Response) => Promise<TboxError>;
  signal: AbortSignal;
  onProgress: (bytes: number) => void;
}

const chunkSize = 16 * 1024 * 1024;
/** How often an upload goes on after a cut before it is given up. */
const mostCuts = 5;
/** Between a cut and going on, in milliseconds. */
const respite = 500;

/** Sends a blob in one piece; where that fails or is too much at once, in chunks that go on after a cut. */
export async function sendBlob(source: UploadSource, options: SendOptions): Promise<void> {
  if (await sendWhole(source, options)) return;
  await sendChunks(source, options);
}

/** Where an upload goes on, as its answer says; relative to what was asked. */
export function locationOf(response: Response, asked: URL, what: string): URL {
  const location = response.headers.get("location");
  if (location === null) throw new TboxError("unavailable", `${what}: the registry names no place for it`);
  return resolveLocation(asked, location);
}

/** Whether it worked; what may work in chunks is no failure. */
async function sendWhole(source: UploadSource, options: SendOptions): Promise<boolean> {
  const { session, location, signal, onProgress } = options;
  const { digest, size } = source;
  try {
    const response = await session.send(withDigest(location, digest), {
      method: "PUT",
      headers: bodyHeaders(size),
      body: size === 0 ? undefined : () => counted(source.read(0, size), 0, onProgress),
      signal,
    });
    if (response.ok) return true;
    if (response.status !== 413) throw await failure(response, location, options);
    await response.body?.cancel();
    return false;
  } catch (error) {
    if (!mayPass(error)) throw error;
    await pause(error.after ?? respite, signal);
    return false;
  }
}

async function sendChunks(source: UploadSource, options: SendOptions): Promise<void> {
  const { session, signal, open, onProgress } = options;
  const { digest, size } = source;
  let upload: Upload = { location: await open(), offset: 0 };
  for (let cuts = 0; ; ) {
    try {
      while (upload.offset < size) upload = await sendChunk(source, upload, options);
      const target = withDigest(upload.location, digest);
      const response = await session.send(target, { method: "PUT", headers: bodyHeaders(0), signal });
      if (!response.ok) throw await failure(response, upload.location, options);
      return;
    } catch (error) {
      if (!mayPass(error) || ++cuts > mostCuts) throw error;
      await pause(error.after ?? respite, signal);
      upload = (await progressOf(upload, options)) ?? { location: await open(), offset: 0 };
      onProgress(upload.offset);
    }
  }
}

interface Upload {
  location: URL;
  /** Bytes that the registry has. */
  offset: number;
}

async function sendChunk(source: UploadSource, upload: Upload, options: SendOptions): Promise<Upload> {
  const { session, signal, onProgress } = options;
  const { location, offset } = upload;
  const end = Math.min(source.size, offset + chunkSize);
  const response = await session.send(location, {
    method: "PATCH",
    headers: { ...bodyHeaders(end - offset), "content-range": `${offset}-${end - 1}` },
    body: () => counted(source.read(offset, end), offset, onProgress),
    signal,
  });
  // The registry has another count than we have, or has forgotten: ask it, or begin anew.
  if (response.status === 416 || response.status === 404) {
    await response.body?.cancel();
    throw new TemporaryFailure(
      `${options.what}: the registry answered ${response.status} at ${place(location)}`,
    );
  }
  if (!response.ok) throw await failure(response, location, options);
  await response.body?.cancel();
  return { location: locationOf(response, location, options.what), offset: countIn(response) ?? end };
}

/** How far the registry has come with an upload; nothing when it does not know it any more. */
async function progressOf({ location }: Upload, options: SendOptions): Promise<Upload | undefined> {
  const { session, signal, what } = options;
  try {
    const response = await session.send(location, { signal });
    await response.body?.cancel();
    const offset = countIn(response);
    if (!response.ok || offset === undefined) return undefined;
    return { location: locationOf(response, location, what), offset };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TboxError) return undefined;
    throw error;
  }
}

/** `Range: 0-N` is N + 1 bytes, save that registries write `0-0` for none. */
function countIn(response: Response): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get("range") ?? "")?.[1];
  if (last === undefined) return undefined;
  return last === "0" ? 0 : Number(last) + 1;
}

/** The query that the registry gave is its own and stays as it is. */
function withDigest(location: URL, digest: Digest): URL {
  const target = new URL(location);
  target.search += `${target.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`;
  return target;
}

function bodyHeaders(length: number): Record<string, string> {
  return { "content-type": "application/octet-stream", "content-length": String(length) };
}

async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  offset: number,
  onProgress: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let sent = offset;
  for await (const piece of pieces) {
    yield piece;
    sent += piece.byteLength;
    onProgress(sent);
  }
}

/** Registries behind proxies lose uploads: the address shows which was asked. */
async function failure(response: Response, location: URL, options: SendOptions): Promise<TboxError> {
  const { code, message, cause } = await options.refused(response);
  return new TboxError(code, `${message} (at ${place(location)})`, { cause });
}

/** Without the query, which may hold a secret. */
function place({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
