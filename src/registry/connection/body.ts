import { invalidArgument } from "#support/errors.ts";
import { TemporaryFailure } from "./retry.ts";

/** How long a server is waited for before it is given up, in milliseconds. */
export const usualPatience = 60_000;
/** Bytes that have to come in that time, so that a trickle is no life sign. */
const leastBytes = 4096;

/** The body's chunks; a connection that breaks, falls silent or only trickles is a temporary failure. */
export async function* chunksOf(
  response: Response,
  what: string,
  patience = usualPatience,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  let begun = performance.now();
  let received = 0;
  try {
    for (;;) {
      const left = begun + patience - performance.now();
      const piece = await within(reader.read(), left, patience).catch((cause) => {
        throw new TemporaryFailure(`${what}: the connection broke`, { cause });
      });
      if (piece.done) return;
      received += piece.value.byteLength;
      if (received >= leastBytes) {
        begun = performance.now();
        received = 0;
      }
      yield piece.value;
      // The time that somebody takes to use a piece is not the server's.
      if (received === 0) begun = performance.now();
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function within<T>(work: Promise<T>, left: number, patience: number): Promise<T> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const expire = () => reject(new Error(`too little came for ${patience / 1000} s`));
  const timer = setTimeout(expire, Math.max(0, left));
  return Promise.race([work, silence]).finally(() => clearTimeout(timer));
}

/** A whole body of at most `limit` bytes; what is longer is refused without being read. */
export function readBody(response: Response, limit: number, what: string): Promise<Uint8Array> {
  return readAll(chunksOf(response, what), limit, what);
}

/** The same for bytes that come already. */
export async function readAll(
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
  what: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of bytes) {
    size += part.byteLength;
    if (size > limit) throw invalidArgument(`${what} is longer than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
