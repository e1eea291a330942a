import { expect, test } from "bun:test";
import { hostPlatform, parsePlatform } from "./platform.ts";

test("an operating system or an architecture alone is completed", () => {
  expect(parsePlatform("linux")).toEqual(hostPlatform());
  expect(parsePlatform("macos")).toEqual({ ...hostPlatform(), os: "darwin" });
  expect(parsePlatform("aarch64")).toEqual({ os: "linux", architecture: "arm64" });
});

test.each([
  ["nintendo64", "unknown operating system or architecture"],
  ["/", "is an invalid OS component"],
  ["linux/a b", "is an invalid component"],
  ["a/b/c/d", "invalid platform"],
])("%j is not a platform", (text, message) => {
  expect(() => parsePlatform(text)).toThrow(message);
});
