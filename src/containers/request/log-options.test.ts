import { expect, test } from "bun:test";
import { planLog } from "./log-options.ts";

const plan = (Config: Record<string, string>) => planLog({ Type: "json-file", Config });

test("sizes and counts limit the log", () => {
  expect(plan({ "max-size": "1m", "max-file": "2" })).toEqual({
    type: "json-file",
    maxSize: 1024 ** 2,
    maxFile: 2,
  });
});

test.each([
  ["compress", "true"],
  ["mode", "non-blocking"],
  ["max-buffer-size", "4m"],
])("%s is accepted and changes nothing", (name, value) => {
  expect(plan({ [name]: value })).toEqual(plan({}));
});

test.each([
  ["compress", "maybe"],
  ["mode", "fast"],
  ["max-buffer-size", "much"],
  ["unknown", "x"],
])("%s=%s is refused by name", (name, value) => {
  expect(() => plan({ [name]: value })).toThrow(name);
});
