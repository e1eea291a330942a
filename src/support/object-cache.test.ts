import { expect, test } from "bun:test";
import { keptList, ObjectCache, timedList, timeless } from "./object-cache.ts";

function openCache() {
  const values = new ObjectCache<object, { text: string }>();
  const source = {};
  return (text: string, inputs: unknown[], now: number, until = Number.POSITIVE_INFINITY) =>
    values.get(source, inputs, now, () => ({ value: { text }, until })).value;
}

test("a value is the same object until an input changes", () => {
  const get = openCache();
  const input = {};
  const first = get("one", [input, 1], 0);
  expect(get("two", [input, 1], 5)).toBe(first);
  expect(get("three", [{}, 1], 5).text).toBe("three");
  expect(get("four", [], 5).text).toBe("four");
});

test("a value is computed again when it has expired, or when the clock was set back", () => {
  const get = openCache();
  const first = get("one", [], 100, 200);
  expect(get("two", [], 199, 200)).toBe(first);
  expect(get("three", [], 200, 300).text).toBe("three");
  expect(get("four", [], 199, 300).text).toBe("four");
});

test("a list expires with the first of its values", () => {
  expect(timedList([{ value: 1, until: 300 }, { value: 2, until: 200 }, timeless(3)])).toEqual({
    value: [1, 2, 3],
    until: 200,
  });
  expect(timedList([])).toEqual(timeless([]));
});

test("a list with the items of one of the last three is that list, so that its text need not be made again", () => {
  const kept: (readonly string[])[] = [];
  const [web, both, none, one] = [["web"], ["web", "db"], [], ["db"]];
  for (const list of [web, both, none]) expect(keptList(kept, list)).toBe(list);
  expect(keptList(kept, ["web"])).toBe(web);
  expect(keptList(kept, one)).toBe(one);
  // The list that was asked for least recently is forgotten.
  const again = ["web", "db"];
  expect(keptList(kept, again)).toBe(again);
  expect(kept).toHaveLength(3);
});
