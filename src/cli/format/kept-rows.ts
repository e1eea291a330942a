import { KeptValues, timedList } from "#support/kept-values.ts";
import { untilNextText } from "#support/time/human-duration.ts";

/** The fields of a row in a listing. */
export type Row = Record<string, unknown>;

interface KeptRowsOptions<Item, Choices> {
  /** Makes the rows of an object. */
  make: (item: Item, choices: Choices & { now: number }) => Row[];
  /** Returns the time of the object whose age the rows show, in milliseconds since the epoch; undefined for none. */
  since: (item: Item) => number | undefined;
}

/**
 * Returns a function that makes the rows of a list. In the daemon, which runs most commands, the rows of an object are kept as
 * long as the daemon returns the same object for the same choices, and until the text of its age changes. The same list of
 * objects has the same list of rows.
 */
export function createRows<Item extends object, Choices extends Record<string, boolean>>({
  make,
  since,
}: KeptRowsOptions<Item, Choices>): (items: readonly Item[], choices: Choices) => Row[] {
  const kept = new KeptValues<Item, Row[]>();
  const lists = new KeptValues<readonly Item[], Row[]>();
  return (items, choices) => {
    const now = Date.now();
    const inputs = Object.values(choices);
    const rowsOf = (item: Item) =>
      kept.get(item, inputs, now, () => {
        const time = since(item);
        const until = time === undefined ? Number.POSITIVE_INFINITY : now + untilNextText(now - time);
        return { value: make(item, { ...choices, now }), until };
      });
    return lists.get(items, inputs, now, () => {
      const { value, until } = timedList(items.map(rowsOf));
      return { value: value.flat(), until };
    }).value;
  };
}
