import { closeSync } from "node:fs";
import { addon } from "./addon.ts";

/** Locks a file, created if missing; returns undefined when another process holds the lock. Process exit releases it. */
export function tryLock(directory: string, name: string): Disposable | undefined {
  return held(addon().lockFile(directory, name));
}

/** Locks a directory like `tryLock`. The lock holds even if files of the directory are removed. */
export function tryLockDirectory(directory: string): Disposable | undefined {
  return held(addon().lockDirectory(directory));
}

function held(descriptor: number | null): Disposable | undefined {
  return descriptor === null ? undefined : { [Symbol.dispose]: () => closeSync(descriptor) };
}
