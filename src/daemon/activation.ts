import { connect, createServer, type Socket } from "node:net";
import { invalidArgument, TboxError } from "#support/errors.ts";

/** The first descriptor that systemd passes on (sd_listen_fds(3)). */
const firstPassed = 3;

/**
 * The descriptor of the socket that systemd listens on for the daemon; nothing where none was passed. The variables
 * that tell of it are taken away: no child is to believe that they are meant for it.
 */
export function takePassedSocket(
  environment: Record<string, string | undefined>,
  pid: number,
): number | undefined {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete environment[name];
  if (LISTEN_FDS === undefined || Number(LISTEN_PID) !== pid) return undefined;
  if (LISTEN_FDS === "1") return firstPassed;
  const message = `systemd passed ${LISTEN_FDS} sockets, and one is wanted: give tbox.socket one ListenStream=`;
  throw invalidArgument(message);
}

/** Milliseconds that a client has to read what it was sent when the daemon ends. */
const patience = 1000;

/** Disposing of it waits for what goes through it, once nobody listens at the path it leads to. */
export interface Door extends AsyncDisposable {
  /** Takes no more connections: they wait for the next daemon. */
  stop(): void;
}

/**
 * Takes connections of a listening socket that somebody else has made and keeps, and joins each with one to `path`.
 * The runtime's HTTP server can listen on no descriptor.
 */
export async function passOnConnections(descriptor: number, path: string): Promise<Door> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  const door = createServer({ allowHalfOpen: true }, (client) => {
    const server = connect({ path, allowHalfOpen: true });
    keep(client);
    keep(server);
    client.pipe(server);
    server.pipe(client);
    client.on("error", () => server.destroy());
    server.on("error", () => client.destroy());
    client.once("close", () => server.destroy());
    // What the daemon has said is still on its way to a client that reads slowly.
    server.once("close", () => client.destroySoon());
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(new TboxError("unavailable", "listen on the socket of systemd", { cause }));
    door.once("error", fail);
    door.listen({ fd: descriptor }, resolve);
  });
  const closed = Promise.withResolvers<void>();
  return {
    stop: () => void door.close(() => closed.resolve()),
    async [Symbol.asyncDispose]() {
      await Promise.race([closed.promise, Bun.sleep(patience)]);
      for (const socket of sockets) socket.destroy();
    },
  };
}
