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

test("a producer waits for a consumer that reads slowly", async () => {
  const queue = createAsyncQueue<number>();
  const { signal } = new AbortController();
  let pushed = 0;
  const work = (async () => {
    for (; pushed < 1000; pushed++) {
      queue.push(pushed);
      await queue.room(signal);
    }
  })();
  const values = queue.during(work);
  await values.next();
  await Bun.sleep(0);
  expect(pushed).toBeLessThan(50);
  expect((await Array.fromAsync(values)).length).toBe(999);
});

test.each(["the end of the consumer", "an abort"])("a waiting producer continues after %s", async (end) => {
  const queue = createAsyncQueue<number>();
  const stop = new AbortController();
  const values = queue.during(new Promise(() => {}));
  for (let value = 0; value < 100; value++) queue.push(value);
  await values.next();
  const waiting = queue.room(stop.signal);
  if (end === "an abort") stop.abort();
  else await values.return(undefined);
  await waiting;
});
