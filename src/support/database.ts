import { Database } from "bun:sqlite";

/**
 * Guarantee for committed changes: they survive the death of the process, or the loss of power, too. A power-safe
 * connection syncs at every commit, which is too slow for the start path of a container.
 */
export type Durability = "process" | "power";

/** Opens or creates a SQLite database with a write-ahead log and strict named parameters. */
export function openDatabase(path: string, durability: Durability): Database {
  const database = new Database(path, { create: true, strict: true });
  // The timeout is set first: without it, even the switch to WAL fails at once on a busy database.
  database.run("PRAGMA busy_timeout = 5000");
  database.run("PRAGMA journal_mode = WAL");
  database.run(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
  database.run("PRAGMA foreign_keys = ON");
  return database;
}
