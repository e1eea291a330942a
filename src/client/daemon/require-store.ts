import { TboxError } from "#support/errors.ts";
import type { DaemonSocket } from "./socket-path.ts";

/** Name of the link to the store of the daemon that listens in a run directory. */
const linkName = "store";

/** Returns whether the caller names a store, so that another store's daemon must not answer. */
export function namesStore({ address }: DaemonSocket, environment = process.env): boolean {
  return address === undefined && (environment.TBOX_DATA_DIR ?? "") !== "";
}

/** Throws conflict when the daemon at the socket has another store open than `TBOX_DATA_DIR` names. */
export async function requireStore(socket: DaemonSocket, environment = process.env): Promise<void> {
  const wanted = environment.TBOX_DATA_DIR;
  if (!namesStore(socket, environment) || wanted === undefined) return;
  const { readlink, realpath } = await import("node:fs/promises");
  // A daemon of an earlier version has no link.
  const open = await readlink(`${socket.directory}/${linkName}`).catch(() => wanted);
  const real = (path: string) => realpath(path).catch(() => path);
  if ((await real(open)) === (await real(wanted))) return;
  throw new TboxError(
    "conflict",
    `the daemon at ${socket.path} has the store ${open} open, and TBOX_DATA_DIR is ${wanted}: ` +
      "set TBOX_RUN_DIR to another directory for a second daemon, or unset TBOX_DATA_DIR",
  );
}
