import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { openDatabase } from "./database.ts";
import { checkLog } from "./database-log.ts";

let directory: TemporaryDirectory;
let path: string;

/** Leaves the files of a database as a process that was killed leaves them. */
beforeEach(() => {
  directory = temporaryDirectory("log");
  const original = `${directory.path}/original.db`;
  path = `${directory.path}/killed.db`;
  checkLog(original);
  using database = openDatabase(original, { durability: "process", release: () => false });
  database.run("CREATE TABLE rows (text TEXT)");
  for (let count = 0; count < 50; count++) database.run(`INSERT INTO rows VALUES ('${"x".repeat(500)}')`);
  for (const suffix of ["", "-wal", "-shm", "-boot"]) cpSync(`${original}${suffix}`, `${path}${suffix}`);
});
afterEach(() => directory[Symbol.dispose]());

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 0x5a;
  writeFileSync(file, bytes);
}

test("the log of a killed process is accepted", () => {
  checkLog(path);
  using database = openDatabase(path, { durability: "process", release: () => false });
  expect(database.query("SELECT count(*) AS count FROM rows").get()).toEqual({ count: 50 });
});

test.each([
  ["is removed", () => rmSync(`${path}-wal`), "killed.db-wal is missing"],
  ["is cut", () => truncateSync(`${path}-wal`, 60_000), "killed.db-wal is damaged"],
  ["has another first byte", () => flip(`${path}-wal`, 0), "killed.db-wal is damaged"],
  ["has another byte in the middle", () => flip(`${path}-wal`, 100_000), "killed.db-wal is damaged"],
  ["has lost its database", () => rmSync(path), "killed.db is missing"],
])("a log that %s is refused with what to do, and accepted without its index", (_, damage, problem) => {
  damage();
  expect(() => checkLog(path)).toThrow(problem);
  expect(() => checkLog(path)).toThrow(`remove ${path}-shm to go on without these changes`);
  rmSync(`${path}-shm`);
  checkLog(path);
});

test.each([
  ["the index is damaged", () => flip(`${path}-shm`, 20)],
  ["the machine was started since", () => writeFileSync(`${path}-boot`, "another")],
])("a missing log is accepted when %s", (_, change) => {
  change();
  rmSync(`${path}-wal`);
  checkLog(path);
});

test("a missing log is accepted when the database has everything", () => {
  {
    using database = openDatabase(path, { durability: "process", release: () => false });
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    for (const suffix of ["", "-shm", "-boot"]) cpSync(`${path}${suffix}`, `${path}.copy${suffix}`);
  }
  expect(existsSync(`${path}.copy-wal`)).toBe(false);
  checkLog(`${path}.copy`);
});
