import { TboxError } from "#support/errors.ts";
import { type ByteSocket, connectUnix } from "./byte-socket.ts";

/** Connects to the daemon; returns undefined when none runs. */
export async function tryConnect(path: string): Promise<ByteSocket | undefined> {
  try {
    return await connectUnix(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw connectionError(path, error);
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
      ? `no permission to connect to the daemon at ${path}: it belongs to another user`
      : `cannot connect to the daemon at ${path}`;
  return new TboxError("unavailable", message, { cause: error });
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
