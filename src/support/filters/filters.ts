import { invalidArgument, type TboxError } from "../errors.ts";

/** Docker's filters: the values of each key. An item passes when every key accepts it. */
export type Filters = ReadonlyMap<string, string[]>;

/** Compiles filters into one predicate; `compile` returns the test of one key or throws `unknownFilter`. */
export function compileFilters<Item>(
  filters: Filters,
  compile: (key: string, values: string[]) => (item: Item) => boolean,
): (item: Item) => boolean {
  const tests = [...filters].map(([key, values]) => compile(key, values));
  if (tests.length === 0) return () => true;
  return (item) => tests.every((test) => test(item));
}

/** Returns Docker's error for a filter key that the resource does not have. */
export function unknownFilter(key: string): TboxError {
  return invalidArgument(`invalid filter '${key}'`);
}
