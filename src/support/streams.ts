import type { Writable } from "node:stream";

/** Yields one value. */
export async function* singleValue<T>(value: T): AsyncGenerator<T, void, void> {
  yield value;
}

/**
 * Returns a stream that pulls its chunks from an iterator on demand, after an optional first chunk. The stream never
 * reads ahead, so the consumer's back-pressure reaches the producer. Cancelling the stream ends the iterator.
 */
export function streamOf(
  source: AsyncIterable<Uint8Array> | AsyncIterator<Uint8Array>,
  first: Uint8Array = new Uint8Array(),
): ReadableStream<Uint8Array> {
  const chunks = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (first.length > 0) controller.enqueue(first);
      },
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Yields pieces of bytes. Reports after each piece how many bytes there were so far, from `start` on. */
export async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  onProgress: (bytes: number) => void,
  start = 0,
): AsyncGenerator<Uint8Array> {
  let count = start;
  for await (const piece of pieces) {
    yield piece;
    count += piece.byteLength;
    onProgress(count);
  }
}

/** Resolves when a stream accepts more data or is closed. */
export function writable(stream: Writable): Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
}
