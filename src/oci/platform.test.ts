import { expect, test } from "bun:test";
import { formatPlatform, hostPlatform, parsePlatform, withUsualVariant } from "./platform.ts";

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

test.each([
  ["linux/arm", "linux/arm/v7"],
  ["linux/arm/v6", "linux/arm/v6"],
  ["linux/arm64/v8", "linux/arm64"],
  ["linux/amd64/v1", "linux/amd64"],
  ["linux/amd64/v3", "linux/amd64/v3"],
])("a build for %s names it %s", (given, named) => {
  expect(formatPlatform(withUsualVariant(parsePlatform(given)))).toBe(named);
});
