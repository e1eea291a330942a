import { TboxError } from "#support/errors.ts";
import type { ByteSocket } from "./byte-socket.ts";
import { requireStore } from "./require-store.ts";
import { type DaemonSocket, daemonSocket, knownSocket } from "./socket-path.ts";
import { tryConnect } from "./try-connect.ts";

let early: Promise<ByteSocket | undefined> | undefined;

/** Starts a connection while this program is still loading; the next `connectDaemon` returns that connection. */
export function connectEarly(): void {
  early = connectRunning();
  early.catch(() => {});
  // The runtime starts a thread before an idle event loop goes to sleep. Pending work keeps the loop awake, so the
  // request is sent before that.
  setImmediate(() => setImmediate(() => {}));
}

/** Opens a connection to the daemon, starting one when none runs. */
export async function connectDaemon(): Promise<ByteSocket> {
  const begun = early;
  early = undefined;
  const socket = await (begun ?? connectRunning());
  if (socket) return socket;
  const target = await daemonSocket();
  if (target.address !== undefined) {
    throw new TboxError("unavailable", `cannot connect to the daemon at ${target.address}: is it running?`);
  }
  const { startDaemon } = await import("./start-daemon.ts");
  return startDaemon(target);
}

async function connectRunning(): Promise<ByteSocket | undefined> {
  const known = knownSocket();
  const socket = known === undefined ? undefined : await connectTo(known);
  return socket ?? connectTo(await daemonSocket());
}

async function connectTo(target: DaemonSocket): Promise<ByteSocket | undefined> {
  const socket = await tryConnect(target);
  if (socket === undefined) return undefined;
  try {
    await requireStore(target);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}
