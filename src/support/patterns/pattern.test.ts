import { describe, expect, test } from "bun:test";
import { compilePatterns } from "./pattern.ts";

describe("a pattern matches anywhere in a text, as in Go", () => {
  test.each<[string, string[], string[]]>([
    ["", ["", "a"], []],
    ["kind", ["kind", "mankind-2"], ["kin"]],
    ["^kind$", ["kind"], ["kind2", "akind"]],
    ["^(a|b)c*$", ["a", "bccc"], ["ab", "c"]],
    ["a.c", ["abc"], ["ac", "a\nc"]],
    ["(?s)a.c", ["a\nc"], []],
    ["(?i)WEB-[a-c]", ["my-web-B"], ["web-d"]],
    ["(?i:A)b", ["ab"], ["aB"]],
    ["^web_\\d{2,3}$", ["web_12", "web_123"], ["web_1", "web_1234"]],
    ["^x{2}$", ["xx"], ["x", "xxx"]],
    ["^x{2,}?$", ["xx", "xxxxx"], ["x"]],
    ["x{,2}", ["x{,2}"], ["xx"]],
    ["^[^a-z]+$", ["123-"], ["1a"]],
    ["^[]a-]+$", ["]a-"], ["b"]],
    ["^[[:alpha:]_]+$", ["a_b"], ["a1"]],
    ["^[\\w.-]+$", ["a.b-c_1"], ["a b"]],
    ["\\bweb\\b", ["my web 1", "web"], ["webs"]],
    ["a\\Bb", ["ab"], ["a b"]],
    ["\\Aa\\z", ["a"], ["aa"]],
    ["a\\.b\\/c", ["a.b/c"], ["axb/c"]],
    ["\\x41\\x{42}", ["AB"], ["ab"]],
    ["^(?:a*)*$", ["", "aaaa"], ["b"]],
    ["^(?P<name>ab)+$", ["abab"], ["aba"]],
    ["^a|b$", ["ax", "xb"], ["xa"]],
    ["()|x", ["", "y"], []],
  ])("%s", (pattern, matching, others) => {
    const test = compilePatterns([pattern]);
    expect(matching.filter((text) => !test(text))).toEqual([]);
    expect(others.filter(test)).toEqual([]);
  });
});

test("one of several patterns suffices", () => {
  const test = compilePatterns(["db", "^web$"]);
  expect(["mydb1", "web"].every(test)).toBe(true);
  expect(test("webs")).toBe(false);
  expect(compilePatterns([])("a")).toBe(false);
});

test.each([
  "(",
  ")",
  "[a",
  "[z-a]",
  "*a",
  "a**",
  "a{2000}",
  "a{3,2}",
  "\\q",
  "(?=a)",
  "(?<!a)",
  "\\1",
  "(a{100}){100}",
  "(".repeat(10_000),
  "[[:nope:]]",
])("%.20s is refused", (pattern) => {
  expect(() => compilePatterns([pattern])).toThrow("invalid regular expression");
});

test("patterns that would take a backtracking matcher forever end at once", () => {
  const text = `${"a".repeat(2000)}b`;
  for (const pattern of ["^(a+)+$", "^(a|a)*$", "^(.*a){20}$", "^(a|aa)+$", "^((a*)*)*$"]) {
    expect(compilePatterns([pattern])(text)).toBe(false);
  }
});
