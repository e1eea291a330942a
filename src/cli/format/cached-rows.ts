import { ListCache } from "#support/list-cache.ts";
import { ObjectCache, type TimedValue, timedList } from "#support/object-cache.ts";
import { untilNextText } from "#support/time/human-duration.ts";

/** The fields of a row in a listing. */
export type Row = Record<string, unknown>;

interface RowsOptions<Item, Choices> {
  /** Makes the rows of an object. */
  make: (item: Item, choices: Choices & { now: number }) => Row[];
  /** Returns the time from which the rows show the age of the object, in milliseconds since the epoch; undefined for none. */
  since: (item: Item) => number | undefined;
}

/**
 * Returns a function that makes the rows of a list. The function caches the rows of an object for its choices until the text
 * of the object's age changes, because the daemon runs most commands and lists the same objects again. For the same list of
 * objects, it returns the same list of rows.
 */
export function createRows<Item extends object, Choices extends Record<string, boolean>>({
  make,
  since,
}: RowsOptions<Item, Choices>): (items: readonly Item[], choices: Choices) => Row[] {
  const cache = new ObjectCache<Item, Row[]>();
  const lists = new ObjectCache<readonly Item[], Row[]>();
  const partsByChoices = new Map<string, ListCache<Item, TimedPart>>();
  return (items, choices) => {
    const now = Date.now();
    const inputs = Object.values(choices);
    const rowsOf = (item: Item) =>
      cache.get(item, inputs, now, () => {
        const time = since(item);
        const until = time === undefined ? Number.POSITIVE_INFINITY : now + untilNextText(now - time);
        return { value: make(item, { ...choices, now }), until };
      });
    const partOf = (part: readonly Item[]): TimedPart => {
      const { value, until } = timedList(part.map(rowsOf));
      return { value: value.flat(), until, from: now };
    };
    const parts = partsByChoices.get(inputs.join()) ?? new ListCache<Item, TimedPart>();
    partsByChoices.set(inputs.join(), parts);
    return lists.get(items, inputs, now, () => {
      const { value, until } = timedList(
        // The clock may have been set back since a part was made.
        parts.get(items, partOf, (part) => part.from <= now && now < part.until),
      );
      return { value: value.flat(), until };
    }).value;
  };
}

interface TimedPart extends TimedValue<Row[]> {
  /** Time at which the part was made. */
  from: number;
}
