import { streamOf } from "#support/streams.ts";

/** Number of items that are encoded at a time. */
const batch = 100;

interface ListContent<Item extends object> {
  length: number;
  /** Returns the items from `start` to before `end`; all items without an end. */
  part: (start: number, end?: number) => readonly Item[];
  /** Returns the object that contains the list. */
  around: (list: readonly Item[]) => object;
}

/**
 * Response with a JSON array. A long list is encoded in parts while it is sent, so that it never exists as one text. A reader
 * in the same process gets the items without an encoding, and must not change them.
 */
class JsonList<Item extends object> extends Response {
  override readonly json: () => Promise<object>;

  constructor(content: ListContent<Item>) {
    const { length, part, around } = content;
    const isLong = length > batch;
    super(isLong ? streamOf(encodeParts(content)) : JSON.stringify(around(part(0))), {
      headers: {
        "Content-Type": "application/json",
        ...(isLong ? { "Transfer-Encoding": "chunked" } : {}),
      },
    });
    this.json = async () => around(part(0));
  }
}

/**
 * Returns the response with a list, or with an object that contains the list. Caches the text of each item, so items must not
 * change.
 */
export function jsonList<Item extends object>(
  items: readonly Item[],
  around: (list: readonly Item[]) => object = (list) => list,
): Response {
  const part = (start: number, end?: number) =>
    start === 0 && end === undefined ? items : items.slice(start, end);
  return new JsonList({ length: items.length, part, around });
}

/** Returns the response with a list. Calls `shape` for the object of an item only when the item is sent. */
export function shapedList<Item>(items: readonly Item[], shape: (item: Item) => object): Response {
  const part = (start: number, end?: number) => items.slice(start, end).map(shape);
  return new JsonList({ length: items.length, part, around: (list) => list });
}

async function* encodeParts<Item extends object>({
  length,
  part,
  around,
}: ListContent<Item>): AsyncGenerator<Uint8Array, void, void> {
  const encoder = new TextEncoder();
  const [head = "", tail = ""] = JSON.stringify(around([])).split(/(?<=\[)(?=\])/);
  for (let start = 0; start < length; start += batch) {
    const text = part(start, start + batch)
      .map(textOf)
      .join(",");
    const isLast = start + batch >= length;
    yield encoder.encode(`${start === 0 ? head : ","}${text}${isLast ? `${tail}\n` : ""}`);
  }
}

const texts = new WeakMap<object, string>();

function textOf(item: object): string {
  const known = texts.get(item);
  if (known !== undefined) return known;
  const text = JSON.stringify(item);
  texts.set(item, text);
  return text;
}
