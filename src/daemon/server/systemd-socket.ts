import { connect, createServer, type Socket } from "node:net";
import { invalidArgument, TboxError } from "#support/errors.ts";

/** First descriptor that systemd passes on (sd_listen_fds(3)). */
const firstPassed = 3;

/**
 * Returns the descriptor of the listening socket that systemd passed to this process, or undefined when systemd passed
 * none. Removes systemd's variables from `environment`, because they are not meant for child processes.
 */
export function takePassedSocket(
  environment: Record<string, string | undefined>,
  pid: number,
): number | undefined {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete environment[name];
  if (LISTEN_FDS === undefined || Number(LISTEN_PID) !== pid) return undefined;
  if (LISTEN_FDS === "1") return firstPassed;
  throw invalidArgument(
    `systemd passed ${LISTEN_FDS} sockets, the daemon takes one: give tbox.socket one ListenStream=`,
  );
}

/** Milliseconds in which clients can read the rest of their answers when the daemon ends. */
const flushTimeout = 1000;

/** Forwards the connections of a listening socket. Disposing of it waits until the open ones are finished. */
export interface ConnectionForwarder extends AsyncDisposable {
  /** Stops accepting connections: they wait in the socket's queue for the next daemon. */
  stop(): void;
}

/**
 * Accepts connections of a listening socket that another process created and forwards each to the socket at `path`.
 * Node's HTTP server in Bun cannot listen on a descriptor.
 */
export async function forwardConnections(descriptor: number, path: string): Promise<ConnectionForwarder> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const server = connect({ path, allowHalfOpen: true });
    track(client);
    track(server);
    client.pipe(server);
    server.pipe(client);
    client.on("error", () => server.destroy());
    server.on("error", () => client.destroy());
    client.once("close", () => server.destroy());
    // A client that reads slowly still gets what the daemon has sent.
    server.once("close", () => client.destroySoon());
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(new TboxError("unavailable", "listen on the socket of systemd", { cause }));
    listener.once("error", fail);
    listener.listen({ fd: descriptor }, resolve);
  });
  const closed = Promise.withResolvers<void>();
  return {
    stop: () => void listener.close(() => closed.resolve()),
    async [Symbol.asyncDispose]() {
      await Promise.race([closed.promise, Bun.sleep(flushTimeout)]);
      for (const socket of sockets) socket.destroy();
    },
  };
}
