import type { Engine } from "#engine/engine.ts";
import { createApp } from "./app.ts";
import { createApiServer } from "./server/api-server.ts";
import { forwardConnections } from "./server/forward-connections.ts";
import { listen } from "./server/listen.ts";
import { type OpenDoor, openLocalApi } from "./server/local-api.ts";

export interface DaemonOptions {
  engine: Engine;
  dataDirectory: string;
  runDirectory: string;
  uid: number;
  /** Descriptor of the listening socket that systemd passed to the daemon. */
  passed?: number | undefined;
  /** Descriptor of the listening socket that containers use. */
  forContainers?: number;
  /** Serves front doors. */
  openDoor?: OpenDoor | undefined;
}

/** A daemon that serves the API. Disposing of it closes all connections and removes the socket. */
export interface Daemon extends AsyncDisposable {
  socketPath: string;
  /** Resolves when a client requests a shutdown. */
  shutdown: Promise<void>;
}

/** Serves the API of an engine on the socket in the run directory. */
export async function openDaemon({
  engine,
  dataDirectory,
  runDirectory,
  uid,
  passed,
  forContainers,
  openDoor,
}: DaemonOptions): Promise<Daemon> {
  const shutdown = Promise.withResolvers<void>();
  const app = createApp({ engine, dataDirectory, shutdown: shutdown.resolve, passed: passed !== undefined });
  const answer = (request: Request) => app.fetch(request);
  // `tbox.sock` is systemd's own socket then and outlives the daemon.
  const name = passed === undefined ? "tbox.sock" : "behind-systemd.sock";
  const { server, closeConnections } = createApiServer(engine, answer);
  const path = await listen(server, { directory: runDirectory, uid, name });
  const door = openDoor?.(runDirectory, openLocalApi(engine, answer, path));
  const forwarders = await Promise.all(
    [passed, forContainers]
      .filter((descriptor) => descriptor !== undefined)
      .map((descriptor) => forwardConnections(descriptor, path)),
  );
  return {
    socketPath: `${runDirectory}/tbox.sock`,
    shutdown: shutdown.promise,
    async [Symbol.asyncDispose]() {
      door?.[Symbol.dispose]();
      for (const forwarder of forwarders) forwarder.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      closeConnections();
      await closed;
      await Promise.all(forwarders.map((forwarder) => forwarder[Symbol.asyncDispose]()));
    },
  };
}
