import type { Engine } from "#engine/engine.ts";
import { createApp } from "./app.ts";
import { createApiServer } from "./http/server.ts";
import { listen } from "./listen.ts";

export interface DaemonOptions {
  engine: Engine;
  dataDirectory: string;
  runDirectory: string;
  uid: number;
}

/** A daemon that serves the API. Disposing of it ends all connections and removes the socket. */
export interface Daemon extends AsyncDisposable {
  socketPath: string;
  /** Resolves when a client asked it to end. */
  shutdown: Promise<void>;
}

export async function openDaemon({
  engine,
  dataDirectory,
  runDirectory,
  uid,
}: DaemonOptions): Promise<Daemon> {
  const shutdown = Promise.withResolvers<void>();
  const app = createApp({ engine, dataDirectory, shutdown: shutdown.resolve });
  const { server, closeConnections } = createApiServer(engine, (request) => app.fetch(request));
  const socketPath = await listen(server, runDirectory, uid);
  return {
    socketPath,
    shutdown: shutdown.promise,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      closeConnections();
      await closed;
    },
  };
}
