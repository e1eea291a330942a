import { describe, expect, test } from "bun:test";
import { parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  test.each([
    ["0", 0],
    ["42m", 2520],
    ["1h30m", 5400],
    ["1.5s", 1.5],
    ["100ms", 0.1],
    ["-2s", -2],
  ])("%s", (text, seconds) => expect(parseDuration(text)).toBe(seconds));
  test.each(["", "1", "h", "1x", "1h 2m", "2026"])("rejects '%s'", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
