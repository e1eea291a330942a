import { expect, test } from "bun:test";
import { listingOf } from "./listing.ts";
import { selectSource } from "./select.ts";

const listing = listingOf(
  new Map([
    ["", { kind: "directory" }],
    ["a", { kind: "file" }],
    ["dir", { kind: "directory" }],
    ["dir/b", { kind: "file" }],
    ["lib", { kind: "directory" }],
    ["lib/libfoo.so", { kind: "link", target: "libfoo.so.1" }],
    ["lib/libfoo.so.1", { kind: "file" }],
    ["short", { kind: "link", target: "lib" }],
  ]),
);

function pathsOf(source: string): string[] {
  return selectSource(listing, source, { parents: false, exclude: [] }).map(({ path }) => path);
}

test.each(["*", "./*", "*/", "/*"])(
  "the pattern %s matches the entries of the root but not the root",
  (source) => {
    expect(pathsOf(source)).toEqual(["a", "dir", "lib", "short"]);
  },
);

test("a link keeps the name that the instruction or the pattern gives it", () => {
  const selected = selectSource(listing, "lib/libfoo.so", { parents: false, exclude: [] });
  expect(selected).toMatchObject([{ path: "lib/libfoo.so", real: "lib/libfoo.so.1" }]);
  expect(pathsOf("lib/*")).toEqual(["lib/libfoo.so", "lib/libfoo.so.1"]);
  expect(pathsOf("short/libfoo.so")).toEqual(["short/libfoo.so"]);
});

test("a base that is a pattern stands for all directories it matches", () => {
  const below = (source: string) =>
    selectSource(listing, source, { parents: true, exclude: [] }).map(({ path, under }) => [path, under]);
  expect(below("*/./b")).toEqual([["dir/b", "b"]]);
  expect(below("*i*/./lib*")).toEqual([
    ["lib/libfoo.so", "libfoo.so"],
    ["lib/libfoo.so.1", "libfoo.so.1"],
  ]);
});
