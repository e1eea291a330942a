import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { openSpaceReserve } from "./space-reserve.ts";

test("a reserve is released in parts, and replaces the one of an earlier version", async () => {
  using store = temporaryDirectory("store");
  const directory = `${store.path}/reserve`;
  mkdirSync(directory);
  writeFileSync(`${directory}/complete`, "");
  using reserve = openSpaceReserve(store.path, (text, error) => {
    throw new Error(text, { cause: error });
  });
  await until(() => existsSync(`${directory}/part-8`));
  expect(readdirSync(directory)).toHaveLength(8);
  const released: number[] = [];
  while (reserve.release()) released.push(readdirSync(directory).length);
  expect(released).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
});
