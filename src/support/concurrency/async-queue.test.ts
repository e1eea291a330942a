import { expect, test } from "bun:test";
import { createAsyncQueue } from "./async-queue.ts";

test("a queue yields all pushed values in order and ends with the work", async () => {
  const queue = createAsyncQueue<number>();
  queue.push(1);
  const work = (async () => {
    await Promise.resolve();
    queue.push(2);
    queue.push(3);
  })();
  expect(await Array.fromAsync(queue.during(work))).toEqual([1, 2, 3]);
});

test("a queue yields the values pushed before the work failed, then throws its error", async () => {
  const queue = createAsyncQueue<number>();
  const seen: number[] = [];
  const work = (async () => {
    queue.push(1);
    await Promise.resolve();
    throw new Error("broken");
  })();
  const read = async () => {
    for await (const value of queue.during(work)) seen.push(value);
  };
  await expect(read()).rejects.toThrow("broken");
  expect(seen).toEqual([1]);
});
