import { readFileSync, writeFileSync } from "node:fs";
import { tryLock } from "./file-lock.ts";

/** File that is locked while a daemon has the store open. It contains the process id of the daemon that locked it last. */
const name = "daemon.lock";

/** Locks the store. Returns nothing if another process has the lock. */
export function tryLockStore(store: string): Disposable | undefined {
  const lock = tryLock(store, name);
  if (lock) writeFileSync(`${store}/${name}`, String(process.pid));
  return lock;
}

/** Returns who has the store open, for messages: "process 12". */
export function storeOwner(store: string): string {
  return `process ${readFileSync(`${store}/${name}`, "utf8") || "unknown"}`;
}
