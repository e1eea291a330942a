import { expect, test } from "bun:test";
import { memoryDatabase } from "#test/support/database.ts";
import { openVolumeRecords } from "./volume-records.ts";

test("a volume whose record cannot be read stays, and the log names it", () => {
  const database = memoryDatabase();
  const written = openVolumeRecords(database, () => {});
  for (const name of ["kept", "torn", "empty"]) {
    written.insert([{ name, created: "2026-01-01T00:00:00.000Z", labels: { of: name }, options: {} }]);
  }
  database.run("UPDATE volumes SET volume = '{' WHERE name = 'torn'");
  database.run("UPDATE volumes SET volume = 'null' WHERE name = 'empty'");
  const warnings: string[] = [];
  const read = openVolumeRecords(database, (message) => warnings.push(message));
  expect(read.find("kept")?.labels).toEqual({ of: "kept" });
  expect(read.find("torn")).toMatchObject({ name: "torn", labels: {}, options: {} });
  expect(read.find("empty")).toMatchObject({ name: "empty", labels: {}, options: {} });
  expect(warnings.map((warning) => warning.split(" ")[1]).sort()).toEqual(["empty", "torn"]);
});
