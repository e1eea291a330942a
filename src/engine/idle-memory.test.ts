import { expect, test } from "bun:test";
import { createIdleCheck } from "./idle-memory.ts";

test("memory is released once in each idle period", () => {
  let time = 0;
  let released = 0;
  const check = createIdleCheck(
    () => time,
    () => void released++,
  );
  const pass = (microseconds: number) => {
    time += microseconds;
    check();
    return released;
  };
  expect([500_000, 1000, 1000, 1000].map(pass)).toEqual([0, 1, 1, 1]);
  expect([500_000, 500_000, 1000, 1000].map(pass)).toEqual([1, 1, 2, 2]);
});
