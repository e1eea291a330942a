import { SQLiteError } from "bun:sqlite";
import { readdirSync, statSync } from "node:fs";
import { TboxError } from "#support/errors.ts";

/** Directories whose entries the database describes. */
const described = ["containers", "layers/sha256", "blobs/sha256", "volumes"];

/**
 * Throws unavailable when a store has objects and no database. With a new database, the daemon would remove their files as
 * unknown.
 */
export function requireDatabase(store: string): void {
  const path = `${store}/tbox.db`;
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size !== undefined && size > 0) return;
  const used = described.find((name) => hasEntries(`${store}/${name}`));
  if (used === undefined) return;
  const problem = size === undefined ? "is missing" : "is empty";
  const loss = `without it, the objects in ${store}/${used} would be removed as unknown`;
  const remedy =
    'restore the file, or remove everything with "tbox system reset" to begin with an empty store';
  throw new TboxError("unavailable", `${path} ${problem}: ${loss}: ${remedy}`);
}

const damaged = new Set(["SQLITE_CORRUPT", "SQLITE_NOTADB"]);

/** Returns an error with a remedy if SQLite found the store's database damaged; otherwise the given error. */
export function explainDamage(store: string, error: unknown): unknown {
  const isDamage =
    error instanceof SQLiteError && damaged.has(`${error.code}`.replace(/^(SQLITE_[A-Z]+)_.*/, "$1"));
  if (!isDamage) return error;
  const remedy =
    'restore the file from a backup, or remove everything with "tbox system reset" to begin with an empty store';
  return new TboxError("unavailable", `${store}/tbox.db is damaged: ${error.message}: ${remedy}`);
}

/** Returns whether a directory has an entry that belongs to an object. Hidden ones are prepared or temporary. */
function hasEntries(directory: string): boolean {
  try {
    return readdirSync(directory).some((name) => !name.startsWith("."));
  } catch {
    return false;
  }
}
