import type { IncomingMessage } from "node:http";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { streamOf } from "#support/streams.ts";

/** Maximum number of bytes of a JSON body. Archives have no limit. */
const jsonLimit = 16 * 1024 * 1024;

/** Maximum number of bytes of an unwanted body that are read, so that the client can read the answer. */
const drainLimit = 64 * 1024 * 1024;

/** Reports whether a request has a body, by its head. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return headers["transfer-encoding"] !== undefined || (length !== undefined && Number(length) !== 0);
}

/** Reports whether a media type is JSON. */
export function isJsonType(type = ""): boolean {
  return /^application\/json\s*(;|$)/i.test(type);
}

/** Returns Docker's error for a body whose declared type is not JSON. */
export function unsupportedType(type: string): TboxError {
  return invalidArgument(`unsupported Content-Type header (${type}): must be 'application/json'`);
}

/** Reads a JSON body; throws invalid-argument for a body over the limit without reading all of it. */
export async function readSmallBody(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = () => invalidArgument(`the body is larger than ${jsonLimit} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > jsonLimit) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  // Listeners are several times faster than async iteration for a small body.
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const take = (chunk: Buffer) => {
    length += chunk.length;
    if (length > jsonLimit) reject(tooLarge());
    else chunks.push(chunk);
  };
  const lose = (cause?: Error) =>
    reject(new TboxError("cancelled", "the client has disconnected", { cause }));
  request
    .on("data", take)
    .on("end", resolve)
    .on("error", lose)
    .on("close", () => lose());
  try {
    await promise;
  } finally {
    request.off("data", take);
    if (length > jsonLimit) request.pause();
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** Returns a body as a stream with back-pressure: the client sends as fast as the stream is read. */
export function streamBody(request: IncomingMessage): ReadableStream<Uint8Array> {
  return streamOf(chunksOf(request));
}

async function* chunksOf(request: IncomingMessage): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* request.iterator({ destroyOnReturn: false });
  } catch (cause) {
    throw new TboxError("cancelled", "the client disconnected before the end of the body", { cause });
  }
}

/** Milliseconds in which the rest of an unwanted body must arrive. */
const skipTime = 500;

/** Reads and drops the rest of a body; resolves at its end, or when the client takes too long. */
export async function skipBody(request: IncomingMessage): Promise<void> {
  if (request.complete || !hasBody(request)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, skipTime);
  request.once("end", resolve).once("close", resolve);
  drain(request);
  await promise;
  clearTimeout(timer);
}

/** Reads and drops the rest of a body; closes the connection of a client that sends too much. */
export function drain(request: IncomingMessage): void {
  if (request.complete) return;
  let length = 0;
  request.on("error", () => {});
  request.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > drainLimit) request.destroy();
  });
}
