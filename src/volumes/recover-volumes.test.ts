import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { memoryDatabase } from "#test/support/database.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { recoverVolumes, settleRemovals } from "./recover-volumes.ts";
import { openVolumeRecords } from "./volume-records.ts";

function openStore() {
  const directory = temporaryDirectory("volumes");
  const records = openVolumeRecords(memoryDatabase(), () => {});
  const warnings: string[] = [];
  mkdirSync(`${directory.path}/volumes`);
  return {
    records,
    warnings,
    parent: `${directory.path}/volumes`,
    add: (name: string) =>
      records.insert([{ name, created: "2026-01-01T00:00:00Z", labels: {}, options: {} }]),
    addDirectory(name: string, file?: string) {
      mkdirSync(`${directory.path}/volumes/${name}/_data`, { recursive: true });
      if (file !== undefined) writeFileSync(`${directory.path}/volumes/${name}/_data/${file}`, "");
    },
    recover: () =>
      recoverVolumes({
        store: directory.path,
        records,
        discard: (path) => rmSync(path, { recursive: true }),
        warn: (message) => warnings.push(message),
      }),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

test("a removal that was interrupted before its directory was gone is finished", () => {
  using store = openStore();
  store.add("data");
  store.addDirectory("data", "file");
  store.records.delete(["data"]);
  store.recover();
  expect(readdirSync(store.parent)).toEqual([]);
  expect(store.records.removed()).toEqual([]);
});

test("removals are remembered until their directories are gone", () => {
  using store = openStore();
  for (const name of ["gone", "left"]) {
    store.add(name);
    store.records.delete([name]);
  }
  store.addDirectory("left");
  settleRemovals(store.parent.slice(0, -"/volumes".length), store.records);
  expect(store.records.removed()).toEqual(["left"]);
});

test("a volume that has the name of a removed one keeps its files", () => {
  using store = openStore();
  store.add("data");
  store.records.delete(["data"]);
  store.add("data");
  store.addDirectory("data", "file");
  store.recover();
  expect(readdirSync(`${store.parent}/data/_data`)).toEqual(["file"]);
});

test("a volume whose directory was lost gets an empty one", () => {
  using store = openStore();
  store.add("data");
  store.recover();
  expect(readdirSync(`${store.parent}/data/_data`)).toEqual([]);
  expect(statSync(`${store.parent}/data`).mode & 0o777).toBe(0o700);
});

test("a directory whose volume was never created is deleted if it is empty, else it stays and the log names it", () => {
  using store = openStore();
  store.addDirectory("interrupted");
  store.addDirectory("foreign", "file");
  mkdirSync(`${store.parent}/half`);
  store.recover();
  expect(readdirSync(store.parent)).toEqual(["foreign"]);
  expect(existsSync(`${store.parent}/foreign/_data/file`)).toBe(true);
  expect(store.warnings).toHaveLength(1);
  expect(store.warnings[0]).toContain(`${store.parent}/foreign belongs to no volume and stays`);
});
