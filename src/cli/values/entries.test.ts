import { expect, test } from "bun:test";
import { parseEnvironmentEntry, parseLabel, resolveEnvironment, toRecord } from "./entries.ts";

test("a bare name takes the caller's value; an unset one is left out", () => {
  const entries = ["A", "B", "C=", "D=x=y", "EMPTY"];
  expect(resolveEnvironment(entries, { A: "1", EMPTY: "" })).toEqual(["A=1", "C=", "D=x=y", "EMPTY="]);
});

test("an entry without a name is refused", () => {
  expect(() => parseEnvironmentEntry("=x")).toThrow("invalid environment variable: =x");
  expect(() => parseLabel("=x")).toThrow("invalid label '=x': empty name");
});

test("the last label of a name wins, and a bare name has an empty value", () => {
  expect(toRecord(["a=1", "b", "a=2=3"])).toEqual({ a: "2=3", b: "" });
});
