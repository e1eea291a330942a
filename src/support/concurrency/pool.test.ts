import { expect, test } from "bun:test";
import { openPool } from "./pool.ts";

const quick = { size: 2, delay: 0, retryDelay: 0 };

/** Resolves once `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(1);
}

test("a pool replaces a taken object, up to its size", async () => {
  let made = 0;
  const pool = openPool({ ...quick, create: async () => ++made });
  expect(pool.take()).toBeUndefined();
  await until(() => made === 2);
  expect(pool.take()).toBe(1);
  await until(() => made === 3);
  expect([pool.take(), pool.take()]).toEqual([2, 3]);
  pool.close();
});

test("a pool tries again after a failed creation", async () => {
  let tries = 0;
  const make = async () => {
    if (++tries < 3) throw new Error("not yet");
    return tries;
  };
  const pool = openPool({ ...quick, size: 1, create: make });
  pool.fill();
  await until(() => tries === 3);
  await until(() => pool.take() === 3);
  pool.close();
});

test("a pool fills although objects are taken all the time", async () => {
  const pool = openPool({ size: 1, delay: 20, retryDelay: 0, create: async () => 1 });
  await until(() => pool.take() === 1);
  pool.close();
});

test("a pool takes back objects, up to its size", () => {
  const pool = openPool({ ...quick, create: async () => 0 });
  expect([pool.add(1), pool.add(2), pool.add(3)]).toEqual([true, true, false]);
  expect(pool.take()).toBe(1);
  pool.close();
});
