import { closeSync } from "node:fs";
import { addon } from "./addon.ts";

/** Locks a file, created if missing; returns undefined when another process holds the lock. Process exit releases it. */
export function tryLock(directory: string, name: string): Disposable | undefined {
  const descriptor = addon().lockFile(directory, name);
  if (descriptor === null) return undefined;
  return { [Symbol.dispose]: () => closeSync(descriptor) };
}
