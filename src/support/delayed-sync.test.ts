import { expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { openDatabase } from "./database.ts";
import { openDelayedSync } from "./delayed-sync.ts";

test("a sync writes directories and the log, and ignores what was removed in the meantime", async () => {
  using directory = temporaryDirectory("sync");
  const path = `${directory.path}/a.db`;
  const database = openDatabase(path, { durability: "process", release: () => false });
  const warnings: unknown[] = [];
  const sync = openDelayedSync(path, (...warning) => warnings.push(warning));
  for (const name of ["kept", "removed"]) {
    mkdirSync(`${directory.path}/${name}/upper`, { recursive: true });
    writeFileSync(`${directory.path}/${name}/hosts`, "");
    sync.request(`${directory.path}/${name}`);
  }
  rmSync(`${directory.path}/removed`, { recursive: true });
  database.run("CREATE TABLE a (b)");
  await sync[Symbol.asyncDispose]();
  // The database keeps its locks: another connection can neither corrupt it nor take its log away.
  database.run("INSERT INTO a VALUES (1)");
  expect(database.query("SELECT b FROM a").all()).toEqual([{ b: 1 }]);
  expect(warnings).toEqual([]);
  database.close();
});

test("a failure is reported, and the next request tries again", async () => {
  using directory = temporaryDirectory("sync");
  writeFileSync(`${directory.path}/file`, "");
  const warnings: string[] = [];
  const sync = openDelayedSync(`${directory.path}/a.db`, (message) => warnings.push(message));
  sync.request(`${directory.path}/file`);
  await sync[Symbol.asyncDispose]();
  expect(warnings).toEqual(["sync the store"]);
  sync.request(directory.path);
  await sync[Symbol.asyncDispose]();
  expect(warnings).toHaveLength(1);
});
