import { expect, test } from "bun:test";
import { ListCache } from "./list-cache.ts";

const items = Array.from({ length: 500 }, (_, number) => ({ number }));

/** Returns a function that lists the numbers of items, and the number of items that it computed. */
function cached() {
  const parts = new ListCache<{ number: number }, number[]>();
  let computed = 0;
  return (list: readonly { number: number }[], isValid?: (value: number[]) => boolean) => {
    computed = 0;
    const make = (part: readonly { number: number }[]) => {
      computed += part.length;
      return part.map(({ number }) => number);
    };
    return { numbers: parts.get(list, make, isValid).flat(), computed };
  };
}

const numbersOf = (list: readonly { number: number }[]) => list.map(({ number }) => number);

test("a list that is listed again is not computed again", () => {
  const get = cached();
  expect(get(items).numbers).toEqual(numbersOf(items));
  expect(get([...items])).toEqual({ numbers: numbersOf(items), computed: 0 });
});

test.each([
  ["an added item", [{ number: -1 }, ...items]],
  ["a removed item", items.filter(({ number }) => number !== 200)],
  ["a replaced item", items.map((item) => (item.number === 300 ? { number: 3000 } : item))],
  ["an item at the end", [...items, { number: 500 }]],
])("%s costs only the items around it", (_, changed) => {
  const get = cached();
  get(items);
  const { numbers, computed } = get(changed);
  expect(numbers).toEqual(numbersOf(changed));
  expect(computed).toBeLessThan(70);
});

test("lists that take turns stay cached", () => {
  const get = cached();
  const some = items.filter(({ number }) => number % 5 === 0);
  get(items);
  get(some);
  expect(get(items).computed).toBe(0);
  expect(get(some)).toEqual({ numbers: numbersOf(some), computed: 0 });
});

test("a value that is no longer valid is computed again", () => {
  const get = cached();
  get(items);
  const { numbers, computed } = get(items, (value) => !value.includes(100));
  expect(numbers).toEqual(numbersOf(items));
  expect(computed).toBe(64);
});

test("lists without items and of repeated items have their parts", () => {
  const get = cached();
  const repeated = Array.from({ length: 200 }, () => items[0] ?? { number: 0 });
  expect(get([]).numbers).toEqual([]);
  expect(get(repeated).numbers).toEqual(numbersOf(repeated));
  expect(get(repeated.slice(0, 70)).numbers).toEqual(numbersOf(repeated.slice(0, 70)));
  expect(get([]).numbers).toEqual([]);
});
