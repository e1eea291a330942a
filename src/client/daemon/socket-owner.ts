import { addon } from "#native/addon/addon.ts";
import { errnoOf } from "#native/addon/failure.ts";
import { isStopped } from "#native/addon/is-stopped.ts";
import { TboxError } from "#support/errors.ts";
import type { DaemonSocket } from "./socket-path.ts";

/** Opened directories of sockets. They stay open, so that no other directory can take their place. */
const opened = new Map<string, number>();

/**
 * Returns a path that leads to the socket through an opened directory, which the socket's owner alone can enter. Creates
 * the directory if it is missing. Throws forbidden for a directory of another user, who could answer instead of the
 * daemon.
 */
export function ownedPath({ directory, name, path, owner }: DaemonSocket): string {
  if (owner === undefined) return path;
  const descriptor = opened.get(directory) ?? open(directory, owner);
  opened.set(directory, descriptor);
  return `/proc/self/fd/${descriptor}/${name}`;
}

/** Opens the directory again at the next use: it may have been removed and created again. */
export function forgetDirectory({ directory }: DaemonSocket): void {
  const descriptor = opened.get(directory);
  opened.delete(directory);
  if (descriptor !== undefined) void import("node:fs").then(({ closeSync }) => closeSync(descriptor));
}

/**
 * Throws forbidden unless the socket's owner listens on the other end of a connection. Throws unavailable if a signal has
 * stopped the listener, which would never answer.
 */
export function checkListener({ path, owner }: DaemonSocket, connection: Bun.Socket): void {
  if (owner === undefined) return;
  const descriptor: unknown = Reflect.get(connection, "fd");
  if (typeof descriptor !== "number") throw new TboxError("internal", `the connection to ${path} is closed`);
  const listener = listenerOf(descriptor, { path, owner });
  if (!isStopped(listener)) return;
  const remedy = `continue it (kill -CONT ${listener}) or end it (kill -KILL ${listener})`;
  throw new TboxError("unavailable", `the daemon is stopped: ${remedy}`);
}

function listenerOf(descriptor: number, { path, owner }: { path: string; owner: number }): number {
  try {
    return addon().checkPeer(descriptor, owner);
  } catch (error) {
    throw refusal(path, error);
  }
}

function open(directory: string, owner: number): number {
  try {
    return addon().openPrivateDirectory(directory, owner);
  } catch (error) {
    throw refusal(directory, error);
  }
}

/** Returns the error for a path of another user. Returns other errors unchanged, with their errno. */
function refusal(path: string, error: unknown): unknown {
  if (errnoOf(error) !== "EPERM" || !(error instanceof Error)) return error;
  const reason = error.message;
  return new TboxError(
    "forbidden",
    `refused to use ${path}: ${reason}; correct it, or set TBOX_RUN_DIR to a private directory`,
  );
}
