import { expect, test } from "bun:test";
import { chmodSync, readdirSync, statSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { openDatabase } from "./database.ts";

const release = () => false;

function modes(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, (statSync(`${directory}/${name}`).mode & 0o777).toString(8)]),
  );
}

test("only the owner can read a database and its log, whatever the umask", () => {
  using directory = temporaryDirectory("database");
  const before = process.umask(0);
  const database = openDatabase(`${directory.path}/a.db`, { durability: "power", release });
  database.run("CREATE TABLE secrets (text TEXT)");
  process.umask(before);
  expect(modes(directory.path)).toEqual({ "a.db": "600", "a.db-wal": "600", "a.db-shm": "600" });
  database.close();
});

test("a database that others could read is closed to them", () => {
  using directory = temporaryDirectory("database");
  const path = `${directory.path}/a.db`;
  using first = openDatabase(path, { durability: "process", release });
  first.run("CREATE TABLE secrets (text TEXT)");
  for (const name of readdirSync(directory.path)) chmodSync(`${directory.path}/${name}`, 0o644);
  using _second = openDatabase(path, { durability: "process", release });
  expect(modes(directory.path)).toEqual({ "a.db": "600", "a.db-wal": "600", "a.db-shm": "600" });
});
