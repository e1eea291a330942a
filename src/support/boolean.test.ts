import { expect, test } from "bun:test";
import { parseBoolean } from "./boolean.ts";

test.each([
  ["1", true],
  ["T", true],
  ["true", true],
  ["0", false],
  ["False", false],
  ["yes", undefined],
  ["", undefined],
])("%j is %p", (text, expected) => expect(parseBoolean(text)).toBe(expected));
