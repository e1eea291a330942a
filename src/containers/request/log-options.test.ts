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
])("%s is accepted and changes nothing", (name, value) => {
  expect(plan({ [name]: value })).toEqual(plan({}));
});

test("an unknown mode is refused with Docker's message", () => {
  expect(() => plan({ mode: "fast" })).toThrow("logger: logging mode not supported: fast");
});

test.each([
  ["compress", "maybe"],
  ["unknown", "x"],
])("%s=%s is refused by name", (name, value) => {
  expect(() => plan({ [name]: value })).toThrow(name);
});

test("the size of a buffer needs the mode non-blocking", () => {
  expect(plan({ mode: "non-blocking", "max-buffer-size": "4m" })).toEqual(plan({}));
  expect(() => plan({ mode: "non-blocking", "max-buffer-size": "much" })).toThrow("max-buffer-size");
  expect(() => plan({ "max-buffer-size": "4m" })).toThrow("only supported with 'mode=non-blocking'");
});

test("the driver local has Docker's limits and its own options", () => {
  expect(planLog({ Type: "local" })).toEqual({ type: "json-file", maxSize: 20 * 1024 ** 2, maxFile: 5 });
  expect(planLog({ Type: "local", Config: { "max-file": "2", compress: "false" } })).toMatchObject({
    maxFile: 2,
  });
  expect(() => planLog({ Type: "local", Config: { tag: "x" } })).toThrow(
    "unknown log opt 'tag' for log driver local",
  );
});
