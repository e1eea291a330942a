import { TboxError } from "#support/errors.ts";
import { type ByteSocket, connectUnix } from "./byte-socket.ts";
import { checkListener, forgetDirectory, ownedPath } from "./socket-owner.ts";
import type { DaemonSocket } from "./socket-path.ts";

/**
 * Connects to the daemon; returns undefined when none runs. Throws forbidden before a byte is sent when the socket or
 * its listener belongs to another user.
 */
export async function tryConnect(socket: DaemonSocket): Promise<ByteSocket | undefined> {
  try {
    return await connectUnix(ownedPath(socket), (connection) => checkListener(socket, connection));
  } catch (error) {
    forgetDirectory(socket);
    // The kernel resets a connection that a daemon has not accepted before its end.
    if (isAbsence(error) || codeOf(error) === "ECONNRESET") return undefined;
    throw error instanceof TboxError ? error : connectionError(socket.address ?? socket.path, error);
  }
}

/** Reports whether a connection error means that no daemon is listening. */
export function isAbsence(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ECONNREFUSED";
}

/** Returns the error to show for a failed connection. */
export function connectionError(path: string, error: unknown): TboxError {
  const message =
    codeOf(error) === "EACCES"
      ? `no permission to connect to the daemon at ${path}: check owner and mode of the socket and its directory`
      : `cannot connect to the daemon at ${path}`;
  return new TboxError("unavailable", message, { cause: error });
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
