import type { Database } from "bun:sqlite";
import { TboxError } from "./errors.ts";

/** Returns the number of migrations that a database has had (SQLite's `user_version`). */
export function schemaVersion(database: Database): number {
  const row = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
  return row?.user_version ?? 0;
}

/**
 * Brings a database to the newest schema. `migrations` is an append-only list of SQL scripts: the script at index
 * n migrates version n to n + 1. Each script runs in one transaction with the change of the version, so an interrupted
 * migration leaves the old schema. Throws for a database with a newer schema.
 */
export function migrate(database: Database, migrations: readonly string[]): void {
  const version = schemaVersion(database);
  if (version > migrations.length) {
    const known = `its schema is version ${version}, and this version of tbox supports up to ${migrations.length}`;
    const remedy =
      "install the newer version again, or set TBOX_DATA_DIR to another directory for a second store";
    throw new TboxError(
      "unavailable",
      `the store was written by a newer version of tbox: ${known}: ${remedy}`,
    );
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
