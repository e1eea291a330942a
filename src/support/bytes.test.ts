import { expect, test } from "bun:test";
import { parseBytes } from "./bytes.ts";

test.each([
  ["0", 0],
  ["1024", 1024],
  ["64m", 64 * 1024 ** 2],
  ["64MB", 64 * 1024 ** 2],
  ["64 MiB", 64 * 1024 ** 2],
  ["1.5g", 1.5 * 1024 ** 3],
  ["10b", 10],
])("%s", (text, bytes) => expect(parseBytes(text)).toBe(bytes));

test.each(["", "x", "-1", "1x", "m", "1.m", "1 2"])("refuses '%s'", (text) => {
  expect(() => parseBytes(text)).toThrow("invalid size");
});
