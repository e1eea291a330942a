import { open, readdir } from "node:fs/promises";
import type { Warn } from "./log.ts";

/** Makes changes survive a loss of power shortly after them. Nobody waits for the disk. */
export interface DelayedSync extends AsyncDisposable {
  /** Requests that the database's log is written to the disk, after these directories with the files in them. */
  request(...directories: string[]): void;
}

/** Milliseconds between a change and its sync. Changes in between share the sync. */
const delay = 500;

/**
 * Opens the delayed sync of a database whose commits do not sync. The directories are written first, because a record
 * without its directory is useless.
 */
export function openDelayedSync(database: string, warn: Warn): DelayedSync {
  let pending: Set<string> | undefined;
  let timer: Timer | undefined;
  let running = Promise.resolve();
  const syncPending = async () => {
    const directories = pending ?? [];
    pending = undefined;
    for (const directory of directories) await syncDirectory(directory);
    // SQLite keeps its locks in other files, so that closing this descriptor releases none.
    await sync(`${database}-wal`);
  };
  const start = () => {
    running = running.then(syncPending).catch((error) => warn("sync the store", error));
  };
  return {
    request(...directories) {
      if (pending === undefined) timer = setTimeout(start, delay).unref();
      pending = new Set([...(pending ?? []), ...directories]);
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      if (pending !== undefined) start();
      await running;
    },
  };
}

async function syncDirectory(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(ignoreMissing);
  for (const entry of entries ?? []) if (entry.isFile()) await sync(`${directory}/${entry.name}`);
  await sync(directory);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r").catch(ignoreMissing);
  if (file === undefined) return;
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Ignores that a file was removed in the meantime. */
function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
