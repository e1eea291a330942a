import { expect, test } from "bun:test";
import { createLimit } from "./limit.ts";

test("a limit never runs more tasks than it has slots, and keeps their order", async () => {
  const limit = createLimit(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const task = async (number: number) => {
    started.push(number);
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
  };
  await Promise.all([1, 2, 3, 4, 5].map((number) => limit(() => task(number))));
  expect(started).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

test("a failed task frees its slot", async () => {
  const limit = createLimit(1);
  await expect(limit(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(await limit(async () => "next")).toBe("next");
});
