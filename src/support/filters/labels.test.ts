import { expect, test } from "bun:test";
import { labelFilter } from "./labels.ts";

const labels = { tier: "web", empty: "" };

test.each([
  [["tier"], true],
  [["tier=web", "empty"], true],
  [["empty="], true],
  [["tier=db"], false],
  [["tier", "absent"], false],
  [["constructor"], false],
])("label %p matches: %p", (values, expected) => expect(labelFilter("label", values)(labels)).toBe(expected));

test.each([
  [["absent", "tier=db"], true],
  [["absent", "tier"], false],
])("label! %p matches: %p", (values, expected) =>
  expect(labelFilter("label!", values)(labels)).toBe(expected),
);

test("an item without labels has none", () => expect(labelFilter("label", ["tier"])(undefined)).toBe(false));
