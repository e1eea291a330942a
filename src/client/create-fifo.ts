import { addon } from "#native/addon/addon.ts";

/** Creates a named pipe that only the user can open; Bun has no call for it. */
export function createFifo(path: string | Buffer): void {
  addon().createFifo(Buffer.from(path));
}
