import { expect, test } from "bun:test";
import { nameToText, textToName } from "./file-name.ts";

test.each([
  Buffer.from("plain"),
  Buffer.from("naïve 文件 🎉"),
  Buffer.from("\ufeffmark"),
  Buffer.from("\ufffd"),
  Buffer.from("caf\u00e9", "latin1"),
  Buffer.of(0xff),
  Buffer.of(0x61, 0xe2, 0x82, 0x62, 0xf0, 0x9f, 0x8e),
  Buffer.from("\u{10ffff}\u{10ff2f}"),
  Buffer.from("\ufffd\u{10ff41}\u{10fffd}é"),
])("the name %p survives as text", (name) => {
  const text = nameToText(name);
  expect(text.isWellFormed()).toBe(true);
  expect(Buffer.from(textToName(text))).toEqual(name);
});

test("different names have different texts", () => {
  const names = [Buffer.of(0xff), Buffer.of(0xfe), Buffer.from("\ufffd"), Buffer.from("\u{10ffff}")];
  expect(new Set(names.map(nameToText)).size).toBe(names.length);
});

test("a valid name is its own text", () => {
  expect(nameToText(Buffer.from("naïve"))).toBe("naïve");
  expect(textToName("naïve")).toBe("naïve");
});
