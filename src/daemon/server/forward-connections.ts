import { connect, createServer, type Socket } from "node:net";
import { TboxError } from "#support/errors.ts";

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
    // A client that reads slowly still gets the data that the daemon has sent.
    server.once("close", () => client.destroySoon());
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error) =>
      reject(new TboxError("unavailable", "listen on an inherited socket", { cause }));
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
