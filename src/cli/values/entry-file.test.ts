import { expect, test } from "bun:test";
import { parseEntries } from "./entry-file.ts";

const parse = (text: string) => parseEntries(Buffer.from(text), "env");

test.each([
  ["A=1\nB=2", ["A=1", "B=2"]],
  ["\uFEFFA=1\n", ["A=1"]],
  ["# no\n\n  \t\n  A=1\n", ["A=1"]],
  ["A=1 # kept\n", ["A=1 # kept"]],
  ['A="quoted"\n', ['A="quoted"']],
  ["A=1\r\nB\r\n", ["A=1", "B"]],
  ["A= x \n", ["A= x "]],
  ["A=b=c\n", ["A=b=c"]],
])("%j", (text, entries) => expect(parse(text)).toEqual(entries));

test.each([
  ["a b=1", "variable 'a b' contains whitespaces"],
  ["A \n", "variable 'A ' contains whitespaces"],
  ["=x", "no variable name on line '=x'"],
])("refuses %j", (text, message) => expect(() => parse(text)).toThrow(message));

test("bytes that are not UTF-8 are refused", () => {
  expect(() => parseEntries(Uint8Array.of(65, 61, 0xff, 10), "env")).toThrow("invalid utf8 bytes");
});
