import type { Engine } from "#engine/engine.ts";
import { ensurePrivateDirectory } from "#support/private-directory.ts";
import { createApp } from "./app.ts";
import { type ApiServer, createApiServer } from "./server/api-server.ts";
import { forwardConnections } from "./server/forward-connections.ts";
import { linkStore, listen } from "./server/listen.ts";
import { type ListenForLaunchers, openLocalApi } from "./server/local-api.ts";
import { watchSocket } from "./server/watch-socket.ts";
import { lazyBuildKit } from "./streams/buildkit.ts";

export interface DaemonOptions {
  engine: Engine;
  dataDirectory: string;
  runDirectory: string;
  uid: number;
  /** Descriptor of the listening socket that systemd passed to the daemon. */
  passed?: number | undefined;
  /** Descriptor of the listening socket that containers use. */
  forContainers?: number;
  /** Serves launchers. */
  listenForLaunchers?: ListenForLaunchers | undefined;
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
  listenForLaunchers,
}: DaemonOptions): Promise<Daemon> {
  const shutdown = Promise.withResolvers<void>();
  const loadBuildKit = lazyBuildKit(engine);
  const app = createApp({
    engine,
    dataDirectory,
    shutdown: shutdown.resolve,
    passed: passed !== undefined,
    loadBuildKit,
  });
  const answer = (request: Request) => app.fetch(request);
  const servers = new Set<ApiServer>();
  // `tbox.sock` is systemd's own socket then and outlives the daemon.
  const name = passed === undefined ? "tbox.sock" : "behind-systemd.sock";
  engine.metrics.gauge(
    "tbox_open_connections",
    "Open connections of clients, with those that carry streams.",
    () => [[{}, [...servers].reduce((sum, { countConnections }) => sum + countConnections(), 0)]],
  );
  const serve = async () => {
    const opened = createApiServer(engine, answer, loadBuildKit);
    const path = await listen(opened.server, { directory: runDirectory, uid, name });
    linkStore(runDirectory, dataDirectory);
    servers.add(opened);
    return path;
  };
  const path = await serve();
  const serveLaunchers = () => listenForLaunchers?.(runDirectory, openLocalApi(engine, answer, path));
  const launchers = [serveLaunchers()];
  const forwarders = await Promise.all(
    [passed, forContainers]
      .filter((descriptor) => descriptor !== undefined)
      .map((descriptor) => forwardConnections(descriptor, path)),
  );
  const watch = watchSocket(path, async () => {
    ensurePrivateDirectory({ path: runDirectory, uid });
    await engine.listenAgain();
    // The old servers continue their connections and accept no new ones.
    for (const { server } of servers) server.close();
    await serve();
    launchers.push(serveLaunchers());
    // Containers that run already see the old socket, others the new one.
    forwarders.push(await forwardConnections(await engine.listenForContainers(), path));
  });
  return {
    socketPath: `${runDirectory}/tbox.sock`,
    shutdown: shutdown.promise,
    async [Symbol.asyncDispose]() {
      for (const launcher of launchers) launcher?.[Symbol.dispose]();
      watch[Symbol.dispose]();
      for (const forwarder of forwarders) forwarder.stop();
      const closed = [...servers].map(({ server }) => new Promise((resolve) => server.close(resolve)));
      for (const { closeConnections } of servers) closeConnections();
      await Promise.all(closed);
      await Promise.all(forwarders.map((forwarder) => forwarder[Symbol.asyncDispose]()));
    },
  };
}
