import { expect, test } from "bun:test";
import { openPool } from "./pool.ts";

const quick = { size: 2, delay: 0, pause: 0 };

/** Resolves once `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(1);
}

test("what was taken is made again, up to the size and no further", async () => {
  let made = 0;
  const pool = openPool({ ...quick, make: async () => ++made });
  expect(pool.take()).toBeUndefined();
  await until(() => made === 2);
  expect(pool.take()).toBe(1);
  await until(() => made === 3);
  expect([pool.take(), pool.take()]).toEqual([2, 3]);
  pool.close();
});

test("what cannot be made is tried again", async () => {
  let tries = 0;
  const make = async () => {
    if (++tries < 3) throw new Error("not yet");
    return tries;
  };
  const pool = openPool({ ...quick, size: 1, make });
  pool.fill();
  await until(() => tries === 3);
  await until(() => pool.take() === 3);
  pool.close();
});
