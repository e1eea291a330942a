/**
 * A response whose head is sent at once and whose body follows piece by piece, as fast as the client reads.
 * When the client goes, the source is returned.
 */
export function streamed(source: AsyncIterable<Uint8Array | string>, mediaType: string): Response {
  const pieces = source[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
      },
      cancel() {
        release(pieces);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "Content-Type": mediaType, "Transfer-Encoding": "chunked" } });
}

/**
 * One JSON object a line. What fails before the first of them is thrown, so that it gets a status; what
 * fails later is the last line.
 */
export async function streamedLines<T>(
  source: AsyncIterable<T>,
  shape: (item: T) => unknown,
  describe: (error: unknown) => string,
): Promise<Response> {
  const items = source[Symbol.asyncIterator]();
  return streamed(lines(items, await items.next(), shape, describe), "application/json");
}

/** The same when every failure is a line, the first one too. */
export function streamedOutcome<T>(
  source: AsyncIterable<T>,
  shape: (item: T) => unknown,
  describe: (error: unknown) => string,
): Response {
  return streamed(lines(source[Symbol.asyncIterator](), undefined, shape, describe), "application/json");
}

async function* lines<T>(
  items: AsyncIterator<T>,
  first: IteratorResult<T> | undefined,
  shape: (item: T) => unknown,
  describe: (error: unknown) => string,
): AsyncGenerator<string, void, void> {
  try {
    for (let next = first ?? (await items.next()); !next.done; next = await items.next()) {
      yield toLine(shape(next.value));
    }
  } catch (error) {
    const message = describe(error);
    yield toLine({ errorDetail: { message }, error: message });
  } finally {
    await items.return?.();
  }
}

function toLine(value: unknown): string {
  return `${JSON.stringify(value)}\r\n`;
}

/** Tells a source that nobody reads on. Not awaited: a generator that waits for something returns after that. */
export function release(source: AsyncIterator<unknown>): void {
  source.return?.().catch(() => {});
}
