import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { migrate, schemaVersion } from "./migrations.ts";

const first =
  "CREATE TABLE IF NOT EXISTS a (x INTEGER) STRICT; CREATE TABLE IF NOT EXISTS b (x INTEGER) STRICT";
const second = "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1";

test("a new database gets every migration in order", () => {
  const database = new Database(":memory:");
  migrate(database, [first, second]);
  expect(schemaVersion(database)).toBe(2);
  database.run("INSERT INTO a (x, y) VALUES (1, 2)");
  database.run("INSERT INTO b (x) VALUES (1)");
});

test("a database gets only the migrations it lacks", () => {
  const database = new Database(":memory:");
  migrate(database, [first]);
  database.run("INSERT INTO a (x) VALUES (1)");
  migrate(database, [first, second]);
  migrate(database, [first, second]);
  expect(database.query("SELECT x, y FROM a").all()).toEqual([{ x: 1, y: 2 }]);
});

test("a failed migration changes nothing", () => {
  const database = new Database(":memory:");
  migrate(database, [first]);
  expect(() =>
    migrate(database, [first, "CREATE TABLE c (x INTEGER); SELECT nonsense FROM nowhere"]),
  ).toThrow();
  expect(schemaVersion(database)).toBe(1);
  expect(database.query("SELECT name FROM sqlite_master WHERE name = 'c'").all()).toEqual([]);
});

test("a database of a newer version is refused", () => {
  const database = new Database(":memory:");
  migrate(database, [first, second]);
  expect(() => migrate(database, [first])).toThrow(
    /newer version of tbox: its schema is version \d, and this version of tbox supports up to 1: install the newer/,
  );
});
