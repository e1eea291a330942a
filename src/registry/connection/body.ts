import { invalidArgument } from "#support/errors.ts";
import { fetchErrorText } from "./connection-failure.ts";
import { TemporaryFailure } from "./retry.ts";

/** Timeout of a silent server, in milliseconds. */
export const defaultPatience = 60_000;
/** Bytes that must arrive within the timeout, so that a trickle of bytes does not extend it. */
const leastBytes = 4096;

/** Yields the body's chunks; throws a temporary failure if the connection breaks, falls silent or only trickles. */
export async function* chunksOf(
  response: Response,
  subject: string,
  patience = defaultPatience,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return;
  let begun = performance.now();
  let received = 0;
  try {
    for (;;) {
      const left = begun + patience - performance.now();
      const chunk = await within(reader.read(), left, patience).catch((cause) => {
        throw new TemporaryFailure(`${subject}: the connection broke: ${fetchErrorText(cause)}`);
      });
      if (chunk.done) return;
      received += chunk.value.byteLength;
      if (received >= leastBytes) {
        begun = performance.now();
        received = 0;
      }
      yield chunk.value;
      // Time that the consumer takes does not count towards the server's timeout.
      if (received === 0) begun = performance.now();
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function within<T>(work: Promise<T>, left: number, patience: number): Promise<T> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const expire = () =>
    reject(new Error(`fewer than ${leastBytes} bytes arrived within ${patience / 1000} s`));
  const timer = setTimeout(expire, Math.max(0, left));
  return Promise.race([work, silence]).finally(() => clearTimeout(timer));
}

/** Reads a whole body; stops reading and throws after `limit` bytes. */
export function readBody(response: Response, limit: number, subject: string): Promise<Uint8Array> {
  return readAll(chunksOf(response, subject), limit, subject);
}

/** Reads a stream to its end; stops reading and throws after `limit` bytes. */
export async function readAll(
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
  subject: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of bytes) {
    size += part.byteLength;
    if (size > limit) throw invalidArgument(`${subject} is longer than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
