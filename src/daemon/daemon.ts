import type { Engine } from "#engine/engine.ts";
import { passOnConnections } from "./activation.ts";
import { createApp } from "./app.ts";
import { createApiServer } from "./http/server.ts";
import { listen } from "./listen.ts";

export interface DaemonOptions {
  engine: Engine;
  dataDirectory: string;
  runDirectory: string;
  uid: number;
  /** Of a socket that systemd listens on for it. */
  passed?: number | undefined;
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
  passed,
}: DaemonOptions): Promise<Daemon> {
  const shutdown = Promise.withResolvers<void>();
  const app = createApp({ engine, dataDirectory, shutdown: shutdown.resolve, passed: passed !== undefined });
  const { server, closeConnections } = createApiServer(engine, (request) => app.fetch(request));
  // systemd's own socket stays where it is, also when the daemon has ended.
  const name = passed === undefined ? "tbox.sock" : "behind-systemd.sock";
  const listening = await listen(server, { directory: runDirectory, uid, name });
  const door = passed === undefined ? undefined : await passOnConnections(passed, listening);
  return {
    socketPath: `${runDirectory}/tbox.sock`,
    shutdown: shutdown.promise,
    async [Symbol.asyncDispose]() {
      door?.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      closeConnections();
      await closed;
      await door?.[Symbol.asyncDispose]();
    },
  };
}
