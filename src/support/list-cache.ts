/** Consecutive items of a list, with the value that was computed from them. */
interface Part<Item, Value> {
  items: readonly Item[];
  value: Value;
}

/** Items of a new part. */
const partLength = 64;

/** Number of lists whose parts are cached, because callers list different selections in turn. */
const cachedLists = 4;

/**
 * Cache of values that are computed from parts of a list. A list mostly differs from an earlier one in one place. Only the
 * parts around that place are computed again. Items are compared by identity.
 */
export class ListCache<Item, Value> {
  /** Parts of the latest lists, newest first. */
  #lists: Part<Item, Value>[][] = [];

  /** Returns the values of the parts of a list, in order. A value that is no longer valid is computed again. */
  get(
    list: readonly Item[],
    make: (items: readonly Item[]) => Value,
    isValid: (value: Value) => boolean = () => true,
  ): Value[] {
    const known = this.#nearest(list);
    const parts = reuseParts(known ?? [], list).map((part) =>
      "value" in part && isValid(part.value) ? part : { items: part.items, value: make(part.items) },
    );
    this.#lists = [parts, ...this.#lists.filter((other) => other !== known)].slice(0, cachedLists);
    return parts.map(({ value }) => value);
  }

  /** Returns the cached parts of which most are parts of the list. */
  #nearest(list: readonly Item[]): Part<Item, Value>[] | undefined {
    const counts = this.#lists.map((parts) => sharedParts(parts, list).count);
    const most = Math.max(...counts);
    return most > 0 ? this.#lists[counts.indexOf(most)] : undefined;
  }
}

/** Returns all parts of a list: the known ones at its start and its end, and new ones without a value between them. */
function reuseParts<Item, Value>(
  known: Part<Item, Value>[],
  list: readonly Item[],
): (Part<Item, Value> | { items: readonly Item[] })[] {
  const { front, back, start, end } = sharedParts(known, list);
  const between: { items: readonly Item[] }[] = [];
  for (let from = start; from < end; from += partLength) {
    between.push({ items: list.slice(from, Math.min(from + partLength, end)) });
  }
  return [...known.slice(0, front), ...between, ...known.slice(known.length - back)];
}

/** Counts the parts that are at the start and at the end of a list; `start` and `end` are the bounds of the items between. */
function sharedParts<Item, Value>(parts: Part<Item, Value>[], list: readonly Item[]) {
  let [front, back, start, end] = [0, 0, 0, list.length];
  for (const { items } of parts) {
    if (!isAt(list, start, items)) break;
    front++;
    start += items.length;
  }
  for (const { items } of parts.slice(front).reverse()) {
    if (end - items.length < start || !isAt(list, end - items.length, items)) break;
    back++;
    end -= items.length;
  }
  return { front, back, start, end, count: front + back };
}

function isAt<Item>(list: readonly Item[], start: number, items: readonly Item[]): boolean {
  if (start + items.length > list.length) return false;
  for (let index = 0; index < items.length; index++) if (list[start + index] !== items[index]) return false;
  return true;
}
