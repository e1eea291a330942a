import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { memoryDatabase } from "#test/support/database.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { createVolumes } from "./create-volume.ts";
import { openVolumeRecords } from "./volume-records.ts";

test("a failed create keeps files that were there before, and removes the new directories", () => {
  using directory = temporaryDirectory("volumes");
  const store = directory.path;
  mkdirSync(`${store}/volumes/old/_data`, { recursive: true });
  writeFileSync(`${store}/volumes/old/_data/file`, "precious");
  const database = memoryDatabase();
  const records = openVolumeRecords(database, () => {});
  database.run("DROP TABLE removed_volumes");
  const create = () =>
    createVolumes({ store, records, notify: () => {} }, [{ name: "old" }, { name: "new" }]);
  expect(create).toThrow("no such table");
  expect(readFileSync(`${store}/volumes/old/_data/file`, "utf8")).toBe("precious");
  expect(existsSync(`${store}/volumes/new`)).toBe(false);
  expect(records.all()).toEqual([]);
});
