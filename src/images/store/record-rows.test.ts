import { expect, test } from "bun:test";
import { memoryDatabase } from "#test/support/database.ts";
import { readRecords } from "./record-rows.ts";

test("an image record that cannot be read is named in the error", () => {
  const database = memoryDatabase();
  const id = `sha256:${"a".repeat(64)}`;
  database.query("INSERT INTO images (id, manifest, config) VALUES ($id, '{}', '{')").run({ id });
  expect(() => readRecords(database)).toThrow(`the record of image ${id} in tbox.db cannot be read`);
});
