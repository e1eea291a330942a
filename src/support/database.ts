import type { Database } from "bun:sqlite";
import { closeSync, openSync } from "node:fs";
import { openPath } from "./path-descriptor.ts";
import { RescuedDatabase } from "./rescued-database.ts";

/**
 * Guarantee for committed changes: they survive the death of the process, or the loss of power, too. A power-safe
 * connection syncs at every commit, which is too slow for the start path of a container.
 */
export type Durability = "process" | "power";

export interface DatabaseOptions {
  durability: Durability;
  /** Frees space when the disk is full; returns false if there is none to free. */
  release: () => boolean;
}

/**
 * Opens or creates a SQLite database with a write-ahead log and strict named parameters. Only the owner can read its
 * files: environment variables of containers are in it. A statement or transaction that finds the disk full is repeated
 * once after `release`.
 */
export function openDatabase(path: string, { durability, release }: DatabaseOptions): Database {
  // SQLite gives the log and the index the mode of the database.
  closeToOthers(path, "create");
  for (const suffix of ["-wal", "-shm"]) closeToOthers(`${path}${suffix}`, "ignore");
  const database = new RescuedDatabase(path, release);
  // The timeout is set first: without it, even the switch to WAL fails at once on a busy database.
  database.run("PRAGMA busy_timeout = 5000");
  database.run("PRAGMA journal_mode = WAL");
  database.run(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
  database.run("PRAGMA foreign_keys = ON");
  return database;
}

/** Sets the mode of a file, which is created if wanted. */
function closeToOthers(path: string, missing: "create" | "ignore"): void {
  try {
    // Only a new file is opened: closing a descriptor of an open database would drop the process's SQLite locks.
    if (missing === "create") closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  try {
    using file = openPath(path);
    file.setMode(0o600);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
