import { renameSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { TboxError } from "#support/errors.ts";
import { ensurePrivateDirectory } from "#support/private-directory.ts";

export interface ListenOptions {
  directory: string;
  uid: number;
  name: string;
}

/**
 * Makes a server listen on a socket in a directory that only the owner can enter. Returns the socket's path. Replaces the
 * socket of a daemon that died. Throws already-exists when another daemon answers on the socket.
 */
export async function listen(server: Server, { directory, uid, name }: ListenOptions): Promise<string> {
  ensurePrivateDirectory({ path: directory, uid });
  const path = `${directory}/${name}`;
  if (await isAnswered(path)) throw new TboxError("already-exists", `a daemon runs already at ${path}`);
  // The socket must never be open to other users, not even before a chmod.
  const umask = process.umask(0o177);
  try {
    await bind(server, path);
  } finally {
    process.umask(umask);
  }
  return path;
}

/** Links to the store of the daemon that listens in a directory, so that clients notice a wrong one. */
export function linkStore(directory: string, store: string): void {
  rmSync(`${directory}/store.new`, { force: true });
  symlinkSync(store, `${directory}/store.new`);
  renameSync(`${directory}/store.new`, `${directory}/store`);
}

/** Reports whether a process listens on a socket; removes a socket without a listener. */
async function isAnswered(path: string): Promise<boolean> {
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.once("error", (error) => resolve("code" in error ? String(error.code) : "unknown"));
  });
  if (code === undefined) return true;
  if (code === "ECONNREFUSED") unlinkSync(path);
  else if (code !== "ENOENT") throw new TboxError("unavailable", `probe the socket ${path}: ${code}`);
  return false;
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(new TboxError("unavailable", `listen on the socket ${path}`, { cause }));
    server.once("error", fail);
    server.listen(path, () => {
      server.off("error", fail);
      resolve();
    });
  });
}
