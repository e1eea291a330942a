import { expect, test } from "bun:test";
import { temporaryDirectory } from "#test/support/temp.ts";
import { openDatabase } from "./database.ts";

/** Opens a database that has no room for another page until `release` is called. */
function openFull(path: string, room: number) {
  let released = 0;
  const database = openDatabase(path, {
    durability: "process",
    release() {
      released++;
      database.run(`PRAGMA max_page_count = ${room}`);
      return released === 1;
    },
  });
  database.run("CREATE TABLE texts (text TEXT)");
  database.run("PRAGMA max_page_count = 2");
  const insert = database.query<unknown, { text: string }>("INSERT INTO texts VALUES ($text)");
  return { database, insert, released: () => released };
}

const large = { text: "x".repeat(20_000) };

test("a statement that finds the disk full is repeated after the release", () => {
  using directory = temporaryDirectory("database");
  using opened = openFull(`${directory.path}/a.db`, 1000).database;
  opened.query<unknown, { text: string }>("INSERT INTO texts VALUES ($text)").run(large);
  expect(opened.query("SELECT length(text) AS size FROM texts").all()).toEqual([{ size: 20_000 }]);
});

test("a transaction that finds the disk full is repeated as a whole", () => {
  using directory = temporaryDirectory("database");
  const { database, insert, released } = openFull(`${directory.path}/a.db`, 1000);
  database
    .transaction(() => {
      insert.run({ text: "first" });
      insert.run(large);
    })
    .immediate();
  expect(released()).toBe(1);
  expect(database.query("SELECT length(text) AS size FROM texts").all()).toEqual([
    { size: 5 },
    { size: 20_000 },
  ]);
  database.close();
});

test("a statement fails when nothing more can be released", () => {
  using directory = temporaryDirectory("database");
  const { database, insert } = openFull(`${directory.path}/a.db`, 2);
  expect(() => insert.run(large)).toThrow("full");
  expect(() => insert.run(large)).toThrow("full");
  expect(database.query("SELECT * FROM texts").all()).toEqual([]);
  database.close();
});
