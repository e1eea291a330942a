import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { storeOwner, tryLockStore } from "./store-lock.ts";

test("a store has one holder at a time", () => {
  using store = temporaryDirectory("store");
  {
    using lock = tryLockStore(store.path);
    expect(lock).toBeDefined();
    expect(tryLockStore(store.path)).toBeUndefined();
    expect(storeOwner(store.path)).toBe(`process ${process.pid}`);
  }
  using again = tryLockStore(store.path);
  expect(again).toBeDefined();
});

test("a store whose lock file is removed keeps its holder", () => {
  using store = temporaryDirectory("store");
  using _ = tryLockStore(store.path);
  rmSync(`${store.path}/daemon.lock`);
  expect(tryLockStore(store.path)).toBeUndefined();
  expect(storeOwner(store.path)).toBe("process unknown");
});
