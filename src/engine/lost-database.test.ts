import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { requireDatabase } from "./lost-database.ts";

function storeWith(...paths: string[]) {
  const directory = temporaryDirectory("store");
  for (const path of paths) mkdirSync(`${directory.path}/${path}`, { recursive: true });
  return directory;
}

test("a new store needs no database", () => {
  using store = storeWith("containers/.ready-1", "volumes", "layers/.staging");
  requireDatabase(store.path);
});

test.each(["containers/1", "layers/sha256/1", "blobs/sha256/1", "volumes/data"])(
  "a store with %s needs its database",
  (path) => {
    using store = storeWith(path);
    expect(() => requireDatabase(store.path)).toThrow(`${store.path}/tbox.db is missing: `);
    writeFileSync(`${store.path}/tbox.db`, "");
    expect(() => requireDatabase(store.path)).toThrow(`${store.path}/tbox.db is empty: `);
    writeFileSync(`${store.path}/tbox.db`, "content");
    requireDatabase(store.path);
  },
);
