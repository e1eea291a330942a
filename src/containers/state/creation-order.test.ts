import { expect, test } from "bun:test";
import { createdRecord } from "#test/support/container-record.ts";
import { openCreationOrder } from "./creation-order.ts";

const at = (id: string, second: number) => createdRecord({ id, created: `2026-01-01T00:00:0${second}.000Z` });

test("records are in the order of their creation, also after the clock was set back", () => {
  const order = openCreationOrder();
  const [first, second, third, late] = [at("a", 1), at("b", 5), at("c", 5), at("d", 3)];
  for (const record of [first, second, third, late]) order.put(record, undefined);
  expect(order.all()).toEqual([first, late, second, third]);
  order.remove(second);
  order.remove(at("unknown", 1));
  expect(order.all()).toEqual([first, late, third]);
});

test("a changed record keeps its place", () => {
  const order = openCreationOrder();
  const [first, second] = [at("a", 1), at("b", 2)];
  order.put(first, undefined);
  order.put(second, undefined);
  const changed = { ...first, name: "renamed" };
  order.put(changed, first);
  order.put(second, second);
  expect(order.all()).toEqual([changed, second]);
});
