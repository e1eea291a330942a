import { Readable } from "node:stream";

/**
 * Returns a response whose head is sent at once and whose body is read on demand, with back-pressure. When the client
 * closes the connection, `source` is ended.
 */
export function streamed(source: AsyncIterable<Uint8Array | string>, mediaType: string): Response {
  const chunks = source[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
      },
      cancel() {
        // Returning the iterator of a stream that was never read does not close the stream.
        if (source instanceof Readable) source.destroy();
        release(chunks);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "Content-Type": mediaType, "Transfer-Encoding": "chunked" } });
}

/** Ends a source whose reader has disconnected. Does not wait: a generator returns only after its current await. */
export function release(source: AsyncIterator<unknown>): void {
  source.return?.().catch(() => {});
}
