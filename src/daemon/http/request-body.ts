import type { IncomingMessage } from "node:http";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { streamOf } from "#support/streams.ts";

/** Largest JSON body. Archives have no such limit. */
const jsonLimit = 16 * 1024 * 1024;

export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return headers["transfer-encoding"] !== undefined || (length !== undefined && Number(length) !== 0);
}

export function isJsonType(type = ""): boolean {
  return /^application\/json\s*(;|$)/i.test(type);
}

/** A body small enough to keep; throws invalid-argument, without having read it all, when it is not. */
export async function readSmallBody(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = () => invalidArgument(`the body is larger than ${jsonLimit} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > jsonLimit) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  // Not by iterating, which takes as long as everything else about a small request.
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const take = (chunk: Buffer) => {
    length += chunk.length;
    if (length > jsonLimit) reject(tooLarge());
    else chunks.push(chunk);
  };
  const lose = () => reject(new TboxError("cancelled", "the client is gone"));
  request.on("data", take).on("end", resolve).on("error", reject).on("close", lose);
  try {
    await promise;
  } finally {
    request.off("data", take);
    if (length > jsonLimit) request.pause();
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** A body as it comes: the sender waits for whoever reads it. */
export function streamBody(request: IncomingMessage): ReadableStream<Uint8Array> {
  return streamOf(request.iterator({ destroyOnReturn: false }));
}
