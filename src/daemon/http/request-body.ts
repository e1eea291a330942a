import type { IncomingMessage } from "node:http";
import { TboxError } from "#support/errors.ts";

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
  const tooLarge = () => new TboxError("invalid-argument", `the body is larger than ${jsonLimit} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > jsonLimit) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > jsonLimit) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** A body as it comes: the sender waits for whoever reads it. */
export function streamBody(request: IncomingMessage): ReadableStream<Uint8Array> {
  return streamOf(request.iterator({ destroyOnReturn: false }));
}

/** Pieces as they are asked for, after some that have been read already. */
export function streamOf(
  pieces: AsyncIterator<Uint8Array>,
  first: Uint8Array = new Uint8Array(),
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (first.length > 0) controller.enqueue(first);
      },
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await pieces.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
