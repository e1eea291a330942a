import { expect, test } from "bun:test";
import { lazyJson } from "./lazy-json.ts";

test("the text of an answer is its JSON", async () => {
  expect(await lazyJson({ a: [1] }).text()).toBe('{"a":[1]}\n');
});

test("a reader in the same process gets the object itself", async () => {
  const answer = { a: [1] };
  expect(await lazyJson(answer).json()).toBe(answer);
});
