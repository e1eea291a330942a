import { Database } from "bun:sqlite";
import { migrations } from "#engine/schema.ts";
import { migrate } from "#support/migrations.ts";

/** Opens a database in memory with the store's current schema. */
export function memoryDatabase(): Database {
  const database = new Database(":memory:", { strict: true });
  database.run("PRAGMA foreign_keys = ON");
  migrate(database, migrations);
  return database;
}
