import { closeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { TboxError } from "#support/errors.ts";
import { errnoOf } from "../addon/failure.ts";
import { type Channel, type ChannelListener, openChannel } from "../addon/reactor.ts";
import { openStream, type StreamPair, sendPeers } from "../addon/stream.ts";
import type { Delegation } from "../cgroup/delegation.ts";
import { type Monitor, openMonitor } from "../monitor/monitor.ts";
import type { Exec, LaunchRequest } from "../protocol/launch.ts";
import type { Attachment } from "../protocol/monitor.ts";
import type { WorkRequest } from "../protocol/work.ts";
import type { Mapping, ToZygote } from "../protocol/zygote.ts";
import { awaitWork, type WorkOptions, type WorkResults } from "./worker.ts";
import {
  answerTime,
  connectZygote,
  listenAgain,
  type NetworkReports,
  type ZygoteConnection,
  type ZygoteOptions,
} from "./zygote-connection.ts";

/** The process that starts containers and workers inside the user namespace. */
export interface Zygote extends Disposable {
  readonly pid: number;
  readonly mapping: Mapping;
  /** Whether containers get a cgroup namespace. */
  readonly cgroupNamespace: boolean;
  /** Delegated cgroups, valid as long as this zygote lives. */
  readonly delegation: Delegation;
  /**
   * Starts a container. Resolves before the program runs: see `Monitor.started`. When the zygote has died, `request`
   * is called again, with `true`, for a new zygote.
   */
  launch(request: (again: boolean) => Promise<Launch>, options?: ContainerLaunchOptions): Promise<Launched>;
  /** Starts another program in a container. Resolves before the program runs; its monitor writes no log. */
  exec(request: Exec, options?: LaunchOptions): Promise<Launched>;
  /** Runs a task on image-controlled files in a worker; rejects with a `FailureError`. */
  work<Request extends WorkRequest>(
    request: Request,
    options?: WorkOptions,
  ): Promise<WorkResults[Request["operation"]]>;
  /**
   * Passes empty cgroups for prepared sandboxes. The caller keeps the descriptors. Later launches name the cgroups in this
   * order. Does nothing when the zygote has died.
   */
  addCgroups(directories: number[]): void;
  /** Passes the reports about network namespaces to a listener, in place of the last one. */
  watchNetworks(listener: NetworkReports): void;
  /** Opens a channel to the net helper and starts one if none runs. */
  net(listener: ChannelListener): Promise<Channel>;
  /**
   * Returns a descriptor of the listening stream socket `name` in the run directory. The zygote keeps the socket open, so
   * connections wait in its queue while no daemon runs.
   */
  listen(name: string): Promise<number>;
  /** Makes the zygote and the monitors create their sockets again, after the run directory was removed. */
  listenAgain(): Promise<void>;
  /** Makes the zygote exit once it has no children. */
  shutdown(): void;
}

export type Launch = Omit<LaunchRequest, "attachments" | "cgroup">;

export interface LaunchOptions {
  attachments?: Attachment[];
  /** Streams opened before the launch, one per attachment; new ones when absent. */
  pairs?: StreamPair[];
  /**
   * Creates a cgroup for the program and returns a descriptor of the cgroup. The descriptor is closed after the
   * message.
   */
  cgroup?: (delegation: Delegation) => number | undefined;
  /** Called for each kill by the OOM killer in the container. */
  outOfMemory?: () => void;
}

export interface ContainerLaunchOptions extends Omit<LaunchOptions, "cgroup"> {
  /** Like that of `LaunchOptions`, for the container of a request. */
  cgroup?: (delegation: Delegation, launch: Launch) => number | undefined;
}

export interface Launched {
  monitor: Monitor;
  /** One stream per attachment, with the complete output. */
  streams: Duplex[];
}

type ZygoteSettings = Omit<ZygoteOptions, "networks">;

/** Connects to the zygote of the store; starts one if none runs, also after its death. */
export async function openZygote(settings: ZygoteSettings): Promise<Zygote> {
  const networks: NetworkReports = { traced: () => {}, unused: () => {} };
  const options = { ...settings, networks };
  let connection = await connectZygote(options);
  let reconnecting: Promise<void> | undefined;

  async function ensureConnected(): Promise<void> {
    if (connection.isOpen()) return;
    reconnecting ??= connectZygote(options)
      .then((opened) => {
        connection = opened;
      })
      .finally(() => {
        reconnecting = undefined;
      });
    await reconnecting;
  }

  /** Retries once: a zygote that has just died is detected only by a failed send, which started nothing. */
  async function attempt<T>(action: (again: boolean) => T): Promise<Awaited<T>> {
    if (!connection.isOpen()) await ensureConnected();
    try {
      return await action(false);
    } catch (error) {
      if (errnoOf(error) !== "EPIPE") throw error;
      connection.close();
      await ensureConnected();
      return await action(true);
    }
  }

  return {
    get pid() {
      return connection.pid;
    },
    get mapping() {
      return connection.mapping;
    },
    get cgroupNamespace() {
      return connection.cgroupNamespace;
    },
    get delegation() {
      return connection.delegation;
    },
    launch: (request, { cgroup: create, ...options } = {}) =>
      attempt(async (again) => {
        const current = connection;
        const launch = await request(again);
        const cgroup = (delegation: Delegation) => create?.(delegation, launch);
        return sendLaunch(current, { type: "launch", ...launch }, { ...options, again, cgroup });
      }),
    exec: (exec, options = {}) => attempt(() => sendLaunch(connection, { type: "exec", ...exec }, options)),
    work: (request, options = {}) => attempt(() => sendWork(connection, request, options)),
    addCgroups(directories) {
      const { length: count } = directories;
      whileOpen(() => connection.send({ type: "cgroups", count }, directories));
    },
    watchNetworks: ({ traced, unused }) => void Object.assign(networks, { traced, unused }),
    net: (listener) => attempt(() => openChild(connection, { type: "net" }, [], listener)),
    listen: (name) => attempt(() => receiveListener(connection, name)),
    listenAgain: () => listenAgain(options),
    shutdown() {
      whileOpen(() => connection.send({ type: "shutdown" }, []));
      // The zygote reads no further requests.
      connection.close();
    },
    [Symbol.dispose]: () => connection.close(),
  };
}

/** Sends a message. Ignores a zygote that has died or that another client has shut down. */
function whileOpen(send: () => void): void {
  try {
    send();
  } catch (error) {
    if (errnoOf(error) !== "EPIPE") throw error;
  }
}

function sendLaunch(
  connection: ZygoteConnection,
  program: ({ type: "launch" } & Launch) | ({ type: "exec" } & Exec),
  {
    attachments = [],
    pairs,
    cgroup: createCgroup,
    outOfMemory,
    again = false,
  }: LaunchOptions & { again?: boolean },
): Launched {
  const cgroup = createCgroup?.(connection.delegation);
  const request: ToZygote = { ...program, attachments, cgroup: cgroup !== undefined };
  const opened = pairs ?? attachments.map(openStream);
  try {
    const send = (peers: number[]) => {
      const passed = cgroup === undefined ? peers : [...peers, cgroup];
      const open = (listener: ChannelListener) => openChild(connection, request, passed, listener);
      return openMonitor(program.id, open, outOfMemory);
    };
    // If this zygote has died, the streams of waiting clients are kept for the next one.
    const isKept = (error: unknown) => pairs !== undefined && !again && errnoOf(error) === "EPIPE";
    const monitor = sendPeers(opened, send, isKept);
    return { monitor, streams: opened.map((pair) => pair.stream) };
  } finally {
    if (cgroup !== undefined) closeSync(cgroup);
  }
}

function sendWork<Request extends WorkRequest>(
  connection: ZygoteConnection,
  request: Request,
  options: WorkOptions,
): Promise<WorkResults[Request["operation"]]> {
  const passed = [options.source, options.output, options.notifier].filter(
    (descriptor) => descriptor !== undefined,
  );
  return awaitWork<Request["operation"]>(request.operation, options, (listener) =>
    openChild(connection, { type: "work", ...request }, passed, listener),
  );
}

function receiveListener(connection: ZygoteConnection, name: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const channel = openChild(connection, { type: "listen", name }, [], {
    message(_, descriptor) {
      if (descriptor === undefined) throw new Error("the message has no descriptor");
      resolve(descriptor);
      channel.close();
    },
    closed: (reason) =>
      reject(
        new TboxError("unavailable", `the zygote does not listen on ${name}: ${reason ?? "it has ended"}`),
      ),
  });
  return promise;
}

/** Asks the zygote to fork a child, which answers over a new channel. Continues a stopped zygote when no answer comes. */
function openChild(
  connection: ZygoteConnection,
  request: ToZygote,
  descriptors: number[],
  listener: ChannelListener,
): Channel {
  const resuming = setTimeout(connection.resume, answerTime).unref();
  const { channel, peer } = openChannel({
    message(text, descriptor) {
      clearTimeout(resuming);
      listener.message(text, descriptor);
    },
    closed(reason) {
      clearTimeout(resuming);
      listener.closed(reason);
    },
  });
  try {
    connection.send(request, [peer, ...descriptors]);
    return channel;
  } catch (error) {
    clearTimeout(resuming);
    channel.close();
    throw error;
  } finally {
    closeSync(peer);
  }
}
