import { expect, test } from "bun:test";
import { createRemovedExits } from "./removed-exits.ts";

const first = { id: "a".repeat(64), name: "job" };
const second = { id: "b".repeat(64), name: "job" };

test("a removed container's exit status is found by name, ID and ID prefix", () => {
  const exits = createRemovedExits();
  exits.remember(first, 3);
  exits.remember(second, 4);
  expect(["job", "/job", "aaaa", second.id, "c", ""].map(exits.find)).toEqual([
    4,
    4,
    3,
    4,
    undefined,
    undefined,
  ]);
});

test("a removed container's exit status is forgotten after some minutes", () => {
  let now = 0;
  const exits = createRemovedExits(() => now);
  exits.remember(first, 3);
  now = 4 * 60 * 1000;
  expect(exits.find("job")).toBe(3);
  now = 6 * 60 * 1000;
  expect(exits.find("job")).toBeUndefined();
});

test("only the last thousand exit statuses are remembered", () => {
  const exits = createRemovedExits();
  for (let number = 0; number < 1001; number++)
    exits.remember({ id: `${number}`, name: `c${number}` }, number);
  expect([exits.find("c0"), exits.find("c1"), exits.find("c1000")]).toEqual([undefined, 1, 1000]);
});
