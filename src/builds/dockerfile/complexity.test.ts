// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the variables of Dockerfiles
import { expect, test } from "bun:test";
import { compileDeepGlob } from "#support/glob.ts";
import { expandWord } from "./expand.ts";
import { readStages } from "./read-stages.ts";

const many = 1 << 18;

// With quadratic time, each of these would exceed the time limit of the test.
test.each([
  ["spaces", `RUN a${" ".repeat(many)}b`],
  ["tabs after a backslash", `RUN a\\${"\t".repeat(many)}b`],
  ["carriage returns", `RUN a${"\r".repeat(many)}b`],
  ["backslashes", `RUN ${"\\".repeat(many)}b`],
  ["continued lines", `RUN ${"x \\\n".repeat(many)}y`],
  ["comments between continued lines", `RUN a \\\n${"# c\n".repeat(many)}b`],
  ["quotes", `ENV A=${"'".repeat(many)}`],
  ["here-document operators", `RUN ${"<".repeat(many)}`],
  ["mounts", `RUN ${"--mount=type=tmpfs,target=/a ".repeat(5000)}x`],
])("the parser handles very many %s", (_, line) => {
  expect(
    readStages(`# syntax=a${" ".repeat(many)}b\nFROM a\n${line}\n`).stages[0]?.instructions,
  ).toHaveLength(1);
});

test("more than ten thousand instructions are refused", () => {
  const file = (labels: number) => `FROM a\n${"LABEL a=b\n".repeat(labels)}`;
  expect(readStages(file(9999)).stages[0]?.instructions).toHaveLength(9999);
  expect(() => readStages(file(10_000))).toThrow("at most 10000 are allowed");
});

test("nested substitutions are limited", () => {
  const long = () => "a".repeat(10_000);
  expect(expandWord(`\${A#${"*a".repeat(30)}b}`, long)).toBe(long());
  expect(expandWord(`\${A%${"b*a".repeat(30)}}`, long)).toBe(long());
  expect(expandWord(`\${A/${"*a".repeat(30)}b/x}`, long)).toBe(long());
  expect(() => expandWord(`${"${A:-".repeat(20_000)}${"}".repeat(20_000)}`, () => undefined)).toThrow(
    "failed to process",
  );
  expect(() => expandWord("$A".repeat(10_000), long)).toThrow("failed to process");
});

test("patterns with many stars match in reasonable time", () => {
  expect(compileDeepGlob(`${"*a".repeat(30)}b`).test("a".repeat(4000))).toBe(false);
  expect(compileDeepGlob(`${"*a".repeat(30)}*`).test("a".repeat(4000))).toBe(true);
  expect(compileDeepGlob(`${"**/a/".repeat(30)}b`).test(`${"a/".repeat(2000)}c`)).toBe(false);
  expect(compileDeepGlob(`${"**/a/".repeat(30)}*c`).test(`${"a/".repeat(2000)}bc`)).toBe(true);
});
