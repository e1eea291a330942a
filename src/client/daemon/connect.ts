import { knownRunDirectory, runDirectory } from "#support/directories.ts";
import { TboxError } from "#support/errors.ts";
import { type ByteSocket, connectUnix } from "../streams/byte-socket.ts";

/** Path of the daemon's socket for the user who runs this program. */
export async function daemonSocket(): Promise<string> {
  return socketIn(await runDirectory(process.env, ordinaryUser()));
}

/** Where that socket is if there is a daemon, as far as it can be told at once. */
export function knownSocket(): string | undefined {
  const directory = knownRunDirectory(process.env, ordinaryUser());
  return directory === undefined ? undefined : socketIn(directory);
}

let ahead: Promise<ByteSocket | undefined> | undefined;

/** Begins the connection that the next `connectDaemon` gives: the daemon takes it while this program gets ready. */
export function connectAhead(): void {
  ahead = connectRunning();
  ahead.catch(() => {});
  // With something to do the event loop does not sleep, before which the runtime starts a thread: the request is on its
  // way by then.
  setImmediate(() => setImmediate(() => {}));
}

/** A new connection to the daemon, which is started if none runs. */
export async function connectDaemon(): Promise<ByteSocket> {
  const begun = ahead;
  ahead = undefined;
  const socket = await (begun ?? connectRunning());
  if (socket) return socket;
  const { startDaemon } = await import("./start-daemon.ts");
  return startDaemon(await daemonSocket());
}

async function connectRunning(): Promise<ByteSocket | undefined> {
  const known = knownSocket();
  const socket = known === undefined ? undefined : await tryConnect(known);
  return socket ?? tryConnect(await daemonSocket());
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

function socketIn(directory: string): string {
  return `${directory}/tbox.sock`;
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
