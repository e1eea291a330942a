import { expect, test } from "bun:test";
import { jsonList, shapedList } from "./json-list.ts";

const shape = (number: number) => ({ number });

test("a short list is sent whole", async () => {
  const response = shapedList([1, 2], shape);
  expect(response.headers.get("transfer-encoding")).toBeNull();
  expect(await response.text()).toBe('[{"number":1},{"number":2}]');
});

test("a long list is sent in parts that form one array", async () => {
  const numbers = Array.from({ length: 1234 }, (_, index) => index);
  const response = shapedList(numbers, shape);
  const chunks: string[] = [];
  for await (const chunk of response.body ?? []) chunks.push(new TextDecoder().decode(chunk));
  expect(chunks.length).toBeGreaterThan(10);
  expect(JSON.parse(chunks.join(""))).toEqual(numbers.map(shape));
});

test("items are shaped only when a part of the list is sent", async () => {
  let shaped = 0;
  const count = (number: number) => {
    shaped++;
    return { number };
  };
  const response = shapedList(
    Array.from({ length: 1000 }, (_, index) => index),
    count,
  );
  const reader = response.body?.getReader();
  await reader?.read();
  expect(shaped).toBeLessThanOrEqual(200);
  await reader?.cancel();
});

test("a reader in the same process gets the items of a list", async () => {
  const numbers = Array.from({ length: 300 }, (_, index) => index);
  expect(await shapedList(numbers, shape).json()).toEqual(numbers.map(shape));
});

test.each([3, 300])("an object can contain a list of %d items", async (length) => {
  const items = Array.from({ length }, (_, number) => ({ number }));
  const response = () => jsonList(items, (Numbers) => ({ Numbers, Warnings: null }));
  const expected = { Numbers: items, Warnings: null };
  expect(JSON.parse(await response().text())).toEqual(expected);
  expect(await response().json()).toEqual(expected);
});

test("a reader in the same process gets the same list again", async () => {
  const items = [{ number: 1 }];
  expect(await jsonList(items).json()).toBe(items);
});
