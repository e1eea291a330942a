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
