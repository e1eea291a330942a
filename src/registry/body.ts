import { TboxError } from "#support/errors.ts";
import { TemporaryFailure } from "./retry.ts";

/** A connection on which nothing comes for this long is given up, in milliseconds. */
const patience = 60_000;

/** The body's chunks; a connection that breaks or falls silent is a temporary failure. */
export async function* chunksOf(response: Response, what: string): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { promise: silence, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new Error(`nothing came for ${patience / 1000} s`)), patience);
      const piece = await Promise.race([reader.read(), silence])
        .catch((cause) => {
          throw new TemporaryFailure(`${what}: the connection broke`, { cause });
        })
        .finally(() => clearTimeout(timer));
      if (piece.done) return;
      yield piece.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
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
    if (size > limit) throw new TboxError("invalid-argument", `${what} is longer than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
