import type { Database } from "bun:sqlite";
import { TboxError } from "./errors.ts";

/** Returns how many migrations a database has behind it (SQLite's `user_version`). */
export function schemaVersion(database: Database): number {
  const row = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
  return row?.user_version ?? 0;
}

/**
 * Brings a database to the newest schema. `migrations` is an append-only list of SQL scripts: the script at index
 * n migrates version n to n + 1. Each runs in a transaction together with the change of version, so an
 * interrupted migration leaves the old schema. Refuses a database with a newer schema.
 */
export function migrate(database: Database, migrations: readonly string[]): void {
  const version = schemaVersion(database);
  if (version > migrations.length) {
    const known = `schema version ${version} where this version of tbox knows ${migrations.length}`;
    throw new TboxError("unavailable", `the store was written by a newer version of tbox: ${known}`);
  }
  for (const [index, script] of migrations.entries()) {
    if (index < version) continue;
    database
      .transaction(() => {
        database.run(script);
        database.run(`PRAGMA user_version = ${index + 1}`);
      })
      .immediate();
  }
}
