import { containerSocketName } from "#containers/request/api-socket.ts";
import type { Engine } from "#engine/engine.ts";
import { createApp } from "./app.ts";
import { createApiServer } from "./server/api-server.ts";
import { listen } from "./server/listen.ts";
import { forwardConnections } from "./server/systemd-socket.ts";

export interface DaemonOptions {
  engine: Engine;
  dataDirectory: string;
  runDirectory: string;
  uid: number;
  /** Descriptor of the listening socket that systemd passed to the daemon. */
  passed?: number | undefined;
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
}: DaemonOptions): Promise<Daemon> {
  const shutdown = Promise.withResolvers<void>();
  const app = createApp({ engine, dataDirectory, shutdown: shutdown.resolve, passed: passed !== undefined });
  const answer = (request: Request) => app.fetch(request);
  const { server, closeConnections } = createApiServer(engine, answer);
  const forContainers = createApiServer(engine, answer);
  // `tbox.sock` is systemd's own socket then and outlives the daemon.
  const name = passed === undefined ? "tbox.sock" : "behind-systemd.sock";
  const place = { directory: runDirectory, uid };
  const path = await listen(server, { ...place, name, users: "owner" });
  await listen(forContainers.server, { ...place, name: containerSocketName, users: "everyone" });
  const forwarder = passed === undefined ? undefined : await forwardConnections(passed, path);
  return {
    socketPath: `${runDirectory}/tbox.sock`,
    shutdown: shutdown.promise,
    async [Symbol.asyncDispose]() {
      forwarder?.stop();
      const closed = [server, forContainers.server].map(
        (one) => new Promise((resolve) => one.close(resolve)),
      );
      closeConnections();
      forContainers.closeConnections();
      await Promise.all(closed);
      await forwarder?.[Symbol.asyncDispose]();
    },
  };
}
