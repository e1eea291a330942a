import type { Database } from "bun:sqlite";
import { renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { TboxError } from "#support/errors.ts";
import type { Warn } from "#support/log.ts";
import { syncPath } from "#support/sync-path.ts";

/** Milliseconds between two checks. Each wakes an idle processor. */
const defaultInterval = 10_000;

/** Suffixes of the files that hold the content of an open database. */
const suffixes = ["", "-wal"];

/** Watch over the files of an open database. Dispose of it before the connection is closed. */
export interface DatabaseWatch extends Disposable {
  /** Rejects when a file was removed or replaced: changes would be lost from then on, so the daemon must end. */
  failed: Promise<never>;
}

interface DatabaseWatchOptions {
  /** Connection to the database. No other connection may write when the watch is disposed of. */
  database: Database;
  warn: Warn;
  /** Milliseconds between two checks. */
  interval?: number;
}

/**
 * Watches whether the files of a database are removed or replaced while it is open. SQLite goes on with the removed file,
 * whose content exists until the connection is closed. The disposal writes this content to a new file.
 */
export function watchDatabase(
  path: string,
  { database, warn, interval = defaultInterval }: DatabaseWatchOptions,
): DatabaseWatch {
  const identify = () => suffixes.map((suffix) => identityOf(`${path}${suffix}`));
  // The first access creates the log.
  database.run("PRAGMA user_version");
  const opened = identify();
  const findChanged = () => {
    const present = identify();
    const index = opened.findIndex((identity, index) => identity !== present[index]);
    return index === -1 ? undefined : `${path}${suffixes[index]}`;
  };
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const check = () => {
    const changed = findChanged();
    if (changed === undefined) return;
    clearInterval(timer);
    const message = `${changed} was removed or replaced while the daemon runs: the daemon writes it again and ends; the next command starts a daemon`;
    failed.reject(new TboxError("unavailable", message));
  };
  const timer = setInterval(check, interval).unref();
  return {
    failed: failed.promise,
    [Symbol.dispose]() {
      clearInterval(timer);
      if (findChanged() === undefined) return;
      try {
        writeAgain(path, database);
        warn(`${path} is written again from the open database`);
      } catch (error) {
        warn(`write ${path} again from the open database`, error);
      }
    },
  };
}

/** Writes the content of an open database to a new file at its path. Another file at the path is moved aside. */
function writeAgain(path: string, database: Database): void {
  const copy = `${path}.new`;
  rmSync(copy, { force: true });
  database.query("VACUUM INTO $copy").run({ copy });
  syncPath(copy);
  if (identityOf(path) !== undefined) renameSync(path, `${path}.replaced`);
  // SQLite must not apply the log of another file to the copy.
  for (const suffix of ["-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
  renameSync(copy, path);
  syncPath(dirname(path));
}

/** Returns device and inode of a file; undefined for a missing one. */
function identityOf(path: string): string | undefined {
  const status = statSync(path, { throwIfNoEntry: false });
  return status && `${status.dev}:${status.ino}`;
}
