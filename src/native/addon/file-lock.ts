import { closeSync } from "node:fs";
import { addon } from "./addon.ts";

/** Locks a file, creating it if need be; nothing when another process holds it. The end of the process frees it. */
export function tryLock(directory: string, name: string): Disposable | undefined {
  const descriptor = addon().lockFile(directory, name);
  if (descriptor === null) return undefined;
  return { [Symbol.dispose]: () => closeSync(descriptor) };
}
