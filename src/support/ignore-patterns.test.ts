import { describe, expect, test } from "bun:test";
import { compileIgnorePatterns, parseIgnoreFile } from "./ignore-patterns.ts";

const files = [
  "s.txt",
  "bar",
  "bay",
  "baz/x",
  "f1/a",
  "f2/a",
  "dir/keep",
  "dir/drop",
  "a/b/dir/keep",
  "x.md",
  "a/x.md",
];

describe("patterns of a .dockerignore", () => {
  test.each([
    ["**\n!./s.txt", ["s.txt"]],
    ["ba*\n!bay", ["s.txt", "bay", "f1/a", "f2/a", "dir/keep", "dir/drop", "a/b/dir/keep", "x.md", "a/x.md"]],
    ["/f1/\nf2/\n# bar\nba?", ["s.txt", "dir/keep", "dir/drop", "a/b/dir/keep", "x.md", "a/x.md"]],
    ["*\n!dir\ndir/drop\n!a/b", ["dir/keep", "a/b/dir/keep"]],
    ["**/dir\n!dir/keep", ["s.txt", "bar", "bay", "baz/x", "f1/a", "f2/a", "dir/keep", "x.md", "a/x.md"]],
    ["*.md", files.filter((path) => path !== "x.md")],
    ["**/*.md\n./bar", files.filter((path) => !path.endsWith(".md") && path !== "bar")],
    ["a/**/keep\n  f?/a  ", files.filter((path) => !/^f|^a.*keep/.test(path))],
    ["\ufeff[bf]*\n\n", files.filter((path) => !/^[bf]/.test(path))],
    ["..\n.", files],
  ])("%j", (text, kept) => {
    const ignores = compileIgnorePatterns(parseIgnoreFile(text));
    expect(files.filter((path) => !ignores(path))).toEqual(kept);
  });

  test.each(["[", "a[", "[]a]", "!", "a\\"])("%j throws", (pattern) => {
    expect(() => compileIgnorePatterns([pattern])).toThrow();
  });
});
