import { expect, test } from "bun:test";
import { parsePruneImages } from "./prune-images.ts";

const parse = (...dangling: string[]) =>
  parsePruneImages(new Map([["dangling", dangling]]), new AbortController().signal);

test("only dangling=false includes images with a name", () => {
  expect([parse("true").all, parse("1").all, parse("false").all, parse("0").all]).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

test("a value of dangling that is not a boolean is refused", () => {
  expect(() => parse("nonsense")).toThrow("invalid filter 'dangling=[nonsense]'");
});
