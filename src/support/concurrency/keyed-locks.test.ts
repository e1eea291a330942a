import { expect, test } from "bun:test";
import { openKeyedLocks } from "./keyed-locks.ts";

const signal = new AbortController().signal;

test("a lock waits until the holder of the same name releases it", async () => {
  const locks = openKeyedLocks();
  const order: string[] = [];
  const first = await locks.acquire("cache", signal);
  const second = locks.acquire("cache", signal).then((lock) => {
    order.push("second");
    return lock;
  });
  using _ = await locks.acquire("other", signal);
  order.push("first");
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  expect(order).toEqual(["first", "second"]);
});

test("an aborted wait leaves the queue", async () => {
  const locks = openKeyedLocks();
  const held = await locks.acquire("cache", signal);
  const controller = new AbortController();
  const aborted = locks.acquire("cache", controller.signal);
  const last = locks.acquire("cache", signal);
  controller.abort(new Error("cancelled"));
  await expect(aborted).rejects.toThrow("cancelled");
  held[Symbol.dispose]();
  (await last)[Symbol.dispose]();
});

test("acquireFree takes the first name that nobody holds", async () => {
  const locks = openKeyedLocks();
  using first = locks.acquireFree("cache");
  {
    using second = locks.acquireFree("cache");
    expect([first.name, second.name]).toEqual(["cache", "cache-1"]);
  }
  using third = locks.acquireFree("cache");
  expect(third.name).toBe("cache-1");
});
