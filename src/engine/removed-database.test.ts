import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { openDatabase } from "#support/database.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { watchDatabase } from "./removed-database.ts";

/** Opens a database with a row, damages its files, writes another row, and closes it. Returns the rows and the warnings. */
async function closeAfter(directory: string, damage: (path: string) => void) {
  const path = `${directory}/tbox.db`;
  const warnings: string[] = [];
  const database = openDatabase(path, { durability: "power", release: () => false });
  database.run("CREATE TABLE names (name TEXT)");
  database.run("PRAGMA user_version = 7");
  database.run("INSERT INTO names VALUES ('before')");
  const watch = watchDatabase(path, { database, warn: (message) => warnings.push(message) });
  damage(path);
  database.run("INSERT INTO names VALUES ('after')");
  watch[Symbol.dispose]();
  database.close();
  using opened = new Database(path);
  const rows = opened.query("SELECT name FROM names ORDER BY name").values().flat();
  const version = opened.query("PRAGMA user_version").values().flat();
  return { rows, version, warnings, failed: watch.failed };
}

const whole = { rows: ["after", "before"], version: [7] };

test.each<[string, (path: string) => void]>([
  ["database is removed", (path) => rmSync(path)],
  ["log is removed", (path) => rmSync(`${path}-wal`)],
  [
    "files are removed",
    (path) => {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`);
    },
  ],
  ["database is moved", (path) => renameSync(path, `${path}.moved`)],
])("a database whose %s while it is open loses nothing", async (_, damage) => {
  using directory = temporaryDirectory("database");
  const closed = await closeAfter(directory.path, damage);
  expect(closed).toMatchObject(whole);
  expect(closed.warnings).toEqual([`${directory.path}/tbox.db is written again from the open database`]);
});

test("a file that replaces an open database is moved aside", async () => {
  using directory = temporaryDirectory("database");
  const closed = await closeAfter(directory.path, (path) => {
    rmSync(path);
    writeFileSync(path, "other");
  });
  expect(closed).toMatchObject(whole);
  expect(existsSync(`${directory.path}/tbox.db.replaced`)).toBe(true);
});

test("a database whose files stay is not written again", async () => {
  using directory = temporaryDirectory("database");
  expect(await closeAfter(directory.path, () => {})).toMatchObject({ ...whole, warnings: [] });
});

test("the removal of an open database is reported", async () => {
  using directory = temporaryDirectory("database");
  const path = `${directory.path}/tbox.db`;
  using database = openDatabase(path, { durability: "power", release: () => false });
  using watch = watchDatabase(path, { database, warn: () => {}, interval: 10 });
  rmSync(`${path}-wal`);
  const message = await watch.failed.catch(String);
  expect(message).toContain(`${path}-wal was removed or replaced while the daemon runs`);
});
