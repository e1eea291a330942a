import { expect, test } from "bun:test";
import { splitTerm } from "./search.ts";

test.each([
  ["debian", "docker.io", "debian"],
  ["library/debian", "docker.io", "debian"],
  ["user/debian", "docker.io", "user/debian"],
  ["registry.example/team/app", "registry.example", "team/app"],
  ["localhost/app", "localhost", "app"],
  ["localhost:5000/", "localhost:5000", ""],
  ["two words", "docker.io", "two words"],
])("the term %p is searched on %p as %p", (term, domain, words) => {
  expect(splitTerm(term)).toEqual({ domain, words });
});

test("a term with a scheme is refused", () => {
  expect(() => splitTerm("https://example.com/x")).toThrow("should not have a scheme");
});
