import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tryLock, tryLockDirectory } from "./file-lock.ts";

/** File that is locked while a daemon has the store open. It contains the process id of the daemon that locked it last. */
const name = "daemon.lock";

/** Locks the store. Returns nothing if another process has the lock. */
export function tryLockStore(store: string): Disposable | undefined {
  using opened = new DisposableStack();
  // A user can remove the file, but earlier versions lock nothing else.
  for (const lock of [tryLockDirectory, () => tryLock(store, name)]) {
    const held = lock(store);
    if (!held) return undefined;
    opened.use(held);
  }
  writeFileSync(`${store}/${name}`, String(process.pid));
  return opened.move();
}

/** Returns who has the store open, for messages: "process 12". */
export function storeOwner(store: string): string {
  const path = `${store}/${name}`;
  return `process ${(existsSync(path) && readFileSync(path, "utf8")) || "unknown"}`;
}
