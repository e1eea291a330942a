import { streamOf } from "#support/streams.ts";

/** Number of items that are encoded at a time. */
const batch = 100;

/**
 * Response with a JSON array. A long list is shaped and encoded in parts while it is sent, so that it never exists as
 * one text. A reader in the same process gets the items without an encoding.
 */
class JsonList<Item> extends Response {
  override readonly json: () => Promise<object[]>;

  constructor(items: readonly Item[], shape: (item: Item) => object) {
    const isLong = items.length > batch;
    super(isLong ? streamOf(encode(items, shape)) : JSON.stringify(items.map(shape)), {
      headers: {
        "Content-Type": "application/json",
        ...(isLong ? { "Transfer-Encoding": "chunked" } : {}),
      },
    });
    this.json = async () => items.map(shape);
  }
}

/** Returns the response with a list. `shape` returns the object of an item. */
export function jsonList<Item>(items: readonly Item[], shape: (item: Item) => object): Response {
  return new JsonList(items, shape);
}

async function* encode<Item>(
  items: readonly Item[],
  shape: (item: Item) => object,
): AsyncGenerator<Uint8Array, void, void> {
  const encoder = new TextEncoder();
  for (let start = 0; start < items.length; start += batch) {
    const texts = items.slice(start, start + batch).map((item) => JSON.stringify(shape(item)));
    const isLast = start + batch >= items.length;
    yield encoder.encode(`${start === 0 ? "[" : ","}${texts.join(",")}${isLast ? "]\n" : ""}`);
  }
}
