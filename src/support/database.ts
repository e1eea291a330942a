import { Database } from "bun:sqlite";

/**
 * How far a committed change survives: the death of the process, or the loss of power too. A power-safe
 * connection syncs at every commit and has no place on the start path of a container.
 */
export type Durability = "process" | "power";

/** Opens (and creates) a write-ahead-logged SQLite database; `strict` named parameters. */
export function openDatabase(path: string, durability: Durability): Database {
  const database = new Database(path, { create: true, strict: true });
  // The timeout comes first: even switching to WAL fails at once on a busy database without it.
  database.run("PRAGMA busy_timeout = 5000");
  database.run("PRAGMA journal_mode = WAL");
  database.run(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
  database.run("PRAGMA foreign_keys = ON");
  return database;
}
