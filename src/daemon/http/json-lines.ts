import { streamed } from "./streamed.ts";

/** Format of items and failures as JSON objects, one per line. */
export interface LineFormat<Item> {
  shape: (item: Item) => object;
  /** Returns the last line of a stream that failed. */
  failure: (error: unknown) => object;
}

/**
 * Streams one JSON object a line. Throws an error that occurs before the first item, so that the response gets its
 * status. A later error becomes the last line.
 */
export async function streamLines<Item>(
  source: AsyncIterable<Item>,
  format: LineFormat<Item>,
): Promise<Response> {
  const items = source[Symbol.asyncIterator]();
  return respond(items, Promise.resolve(await items.next()), format);
}

/** Streams one JSON object a line. Every error is the last line, with status 200. */
export function streamLinesAndErrors<Item>(source: AsyncIterable<Item>, format: LineFormat<Item>): Response {
  return respond(source[Symbol.asyncIterator](), undefined, format);
}

/** Streams lines like `streamLinesAndErrors`, but sends the head with the first line, for clients that stop sending at the head. */
export async function streamLinesWhenRead<Item>(
  source: AsyncIterable<Item>,
  format: LineFormat<Item>,
): Promise<Response> {
  const items = source[Symbol.asyncIterator]();
  const first = items.next();
  await first.catch(() => {});
  return respond(items, first, format);
}

function respond<Item>(
  items: AsyncIterator<Item>,
  first: Promise<IteratorResult<Item>> | undefined,
  format: LineFormat<Item>,
): Response {
  return streamed(lines(items, first, format), "application/json");
}

async function* lines<Item>(
  items: AsyncIterator<Item>,
  first: Promise<IteratorResult<Item>> | undefined,
  { shape, failure }: LineFormat<Item>,
): AsyncGenerator<string, void, void> {
  try {
    for (let next = await (first ?? items.next()); !next.done; next = await items.next()) {
      yield toLine(shape(next.value));
    }
  } catch (error) {
    yield toLine(failure(error));
  } finally {
    await items.return?.();
  }
}

/** Returns a value as a line of JSON. Docker's clients expect CRLF in streams of progress lines. */
function toLine(value: object): string {
  return `${JSON.stringify(value)}\r\n`;
}
