import { runDirectory } from "#support/directories.ts";
import { TboxError } from "#support/errors.ts";
import { type ByteSocket, connectUnix } from "./byte-socket.ts";

/** Path of the daemon's socket for the user who runs this program. */
export async function daemonSocket(): Promise<string> {
  return `${await runDirectory(process.env, ordinaryUser())}/tbox.sock`;
}

let ahead: Promise<ByteSocket | undefined> | undefined;

/** Begins the connection that the next `connectDaemon` gives: the daemon takes it while this program gets ready. */
export function connectAhead(): void {
  ahead = daemonSocket().then(tryConnect);
  ahead.catch(() => {});
}

/** A new connection to the daemon, which is started if none runs. */
export async function connectDaemon(): Promise<ByteSocket> {
  const begun = ahead;
  ahead = undefined;
  const path = await daemonSocket();
  const socket = await (begun ?? tryConnect(path));
  if (socket) return socket;
  const { startDaemon } = await import("./start-daemon.ts");
  return startDaemon(path);
}

/** A connection to the daemon that runs, or nothing. */
export async function tryConnect(path: string): Promise<ByteSocket | undefined> {
  try {
    return await connectUnix(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw connectionError(path, error);
  }
}

/** Whether the error of a connect means that no daemon listens there. */
export function isAbsence(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ECONNREFUSED";
}

export function connectionError(path: string, error: unknown): TboxError {
  const message =
    codeOf(error) === "EACCES"
      ? `no permission to connect to the daemon at ${path}: it belongs to another user`
      : `cannot connect to the daemon at ${path}`;
  return new TboxError("unavailable", message, { cause: error });
}

function ordinaryUser(): number {
  const uid = process.getuid?.() ?? -1;
  if (uid === 0) {
    throw new TboxError(
      "forbidden",
      "tbox runs as an ordinary user, not as root: root inside a container is the user who started it. " +
        "Log in as a user (or use su USER) and call it again, without sudo",
    );
  }
  return uid;
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
