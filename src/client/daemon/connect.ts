import type { ByteSocket } from "./byte-socket.ts";
import { daemonSocket, knownSocket } from "./socket-path.ts";
import { tryConnect } from "./try-connect.ts";

let early: Promise<ByteSocket | undefined> | undefined;

/** Starts the connection that the next `connectDaemon` returns, while this program still loads. */
export function connectEarly(): void {
  early = connectRunning();
  early.catch(() => {});
  // An event loop with pending work does not go to sleep, for which the runtime first starts a thread: the request is
  // sent before that.
  setImmediate(() => setImmediate(() => {}));
}

/** Opens a connection to the daemon, starting one when none runs. */
export async function connectDaemon(): Promise<ByteSocket> {
  const begun = early;
  early = undefined;
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
