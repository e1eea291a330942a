import { expect, test } from "bun:test";
import { checkAttributes, readTimes } from "./output-attributes.ts";

const given = (attributes: Record<string, string>) => new Map(Object.entries(attributes));

test("attributes that an output honours are accepted", () => {
  const image = { name: "a", push: "true", "rewrite-timestamp": "true", "annotation.a": "b", unpack: "true" };
  expect(checkAttributes("store", given(image))).toEqual([]);
  expect(checkAttributes("store", given({ name: "a", "prefer-image-digest": "true" }))).toEqual([]);
  expect(checkAttributes("archive", given({ tar: "false", "source-date-epoch": "1" }))).toEqual([]);
  expect(checkAttributes("files", given({ "platform-split": "false", mode: "copy" }))).toEqual([]);
});

test("unknown attributes are named", () => {
  expect(checkAttributes("store", given({ colour: "blue" }))).toEqual(["colour"]);
  expect(checkAttributes("files", given({ "annotation.a": "b" }))).toEqual(["annotation.a"]);
});

test.each([
  ["oci-artifact", "true"],
  ["prefer-nondist-layers", ""],
  ["dangling-name-prefix", "x"],
  ["mode", "delete"],
])("%s=%s is refused by name", (name, value) => {
  expect(() => checkAttributes("store", given({ [name]: value }))).toThrow(`output: ${name}=${value}`);
});

test("a time that is not a number is refused", () => {
  expect(() => readTimes(given({ "source-date-epoch": "today" }))).toThrow("not a number of seconds");
  expect(readTimes(given({ "source-date-epoch": "" }))).toEqual({ epoch: undefined, rewrites: false });
});
