import { closeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { errnoOf } from "../addon/failure.ts";
import { type Channel, type ChannelListener, openChannel } from "../addon/reactor.ts";
import { openStream, passOn, type StreamPair } from "../addon/stream.ts";
import type { Delegation } from "../cgroup/delegation.ts";
import { type Monitor, openMonitor } from "../monitor/monitor.ts";
import type { Attachment, Exec, LaunchRequest, Mapping, ToZygote, WorkRequest } from "./protocol.ts";
import { type Answers, awaitWork, type WorkOptions } from "./worker.ts";
import { connectZygote, type ZygoteConnection, type ZygotePlace } from "./zygote-connection.ts";

/** The process that starts containers and workers inside the user namespace. */
export interface Zygote extends Disposable {
  readonly pid: number;
  readonly mapping: Mapping;
  /** Whether containers get a cgroup namespace. */
  readonly cgroupNamespace: boolean;
  /** What containers may be limited by, as long as this process lives. */
  readonly delegation: Delegation;
  /**
   * Starts a container. Resolves before it has started: see `Monitor.started`. The request is made again, and told
   * so, for another zygote when the one it was made for has died.
   */
  launch(request: (again: boolean) => Promise<Launch>, options?: LaunchOptions): Promise<Launched>;
  /** Starts one more program in a container. Resolves before it has started; its monitor keeps no log. */
  exec(request: Exec, options?: LaunchOptions): Promise<Launched>;
  /** Has a worker handle image-controlled files; rejects with a `FailureError`. */
  work<Request extends WorkRequest>(
    request: Request,
    options?: WorkOptions,
  ): Promise<Answers[Request["operation"]]>;
  /** A channel to the net helper, which is started if none runs. */
  net(listener: ChannelListener): Promise<Channel>;
  /** Ends the zygote once it has no children. */
  shutdown(): void;
}

export type Launch = Omit<LaunchRequest, "attachments" | "cgroup">;

export interface LaunchOptions {
  attachments?: Attachment[];
  /** Streams for the attachments that were opened beforehand, one for each; new ones otherwise. */
  pairs?: StreamPair[];
  /** Makes a cgroup to start in and gives its descriptor, which is closed once the launch is on its way. */
  cgroup?: (delegation: Delegation) => number | undefined;
  /** Told of every time that the kernel killed in the container for want of memory. */
  outOfMemory?: () => void;
}

export interface Launched {
  monitor: Monitor;
  /** One for each attachment; not a byte of output is missed. */
  streams: Duplex[];
}

/** Connects to the zygote of the store, which is started if none runs, then and whenever it has died. */
export async function openZygote(place: ZygotePlace): Promise<Zygote> {
  let connection = await connectZygote(place);
  let reconnecting: Promise<void> | undefined;

  async function ensureConnected(): Promise<void> {
    if (connection.isOpen()) return;
    reconnecting ??= connectZygote(place)
      .then((opened) => {
        connection = opened;
      })
      .finally(() => {
        reconnecting = undefined;
      });
    await reconnecting;
  }

  /** A zygote that died a moment ago is noticed only by sending to it: nothing was started then. */
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
    launch: (request, options = {}) =>
      attempt(async (again) =>
        sendLaunch(connection, { type: "launch", ...(await request(again)) }, { ...options, again }),
      ),
    exec: (exec, options = {}) => attempt(() => sendLaunch(connection, { type: "exec", ...exec }, options)),
    work: (request, options = {}) => attempt(() => sendWork(connection, request, options)),
    net: (listener) => attempt(() => openChild(connection, { type: "net" }, [], listener)),
    shutdown() {
      connection.send({ type: "shutdown" }, []);
      // What is asked of it now would go unheard.
      connection.close();
    },
    [Symbol.dispose]: () => connection.close(),
  };
}

function sendLaunch(
  connection: ZygoteConnection,
  program: ({ type: "launch" } & Launch) | ({ type: "exec" } & Exec),
  {
    attachments = [],
    pairs,
    cgroup: makeCgroup,
    outOfMemory,
    again = false,
  }: LaunchOptions & { again?: boolean },
): Launched {
  const cgroup = makeCgroup?.(connection.delegation);
  const request: ToZygote = { ...program, attachments, cgroup: cgroup !== undefined };
  const opened = pairs ?? attachments.map(openStream);
  try {
    const send = (peers: number[]) => {
      const passed = cgroup === undefined ? peers : [...peers, cgroup];
      const open = (listener: ChannelListener) => openChild(connection, request, passed, listener);
      return openMonitor(program.id, open, outOfMemory);
    };
    // Streams that somebody has already are for the next zygote, if this one has died.
    const isKept = (error: unknown) => pairs !== undefined && !again && errnoOf(error) === "EPIPE";
    const monitor = passOn(opened, send, isKept);
    return { monitor, streams: opened.map((pair) => pair.stream) };
  } finally {
    if (cgroup !== undefined) closeSync(cgroup);
  }
}

function sendWork<Request extends WorkRequest>(
  connection: ZygoteConnection,
  request: Request,
  options: WorkOptions,
): Promise<Answers[Request["operation"]]> {
  const passed = [options.source, options.news].filter((descriptor) => descriptor !== undefined);
  return awaitWork<Request["operation"]>(request.operation, options, (listener) =>
    openChild(connection, { type: "work", ...request }, passed, listener),
  );
}

/** Has the zygote fork a child that answers over a channel of its own. */
function openChild(
  connection: ZygoteConnection,
  request: ToZygote,
  descriptors: number[],
  listener: ChannelListener,
): Channel {
  const { channel, peer } = openChannel(listener);
  try {
    connection.send(request, [peer, ...descriptors]);
    return channel;
  } catch (error) {
    channel.close();
    throw error;
  } finally {
    closeSync(peer);
  }
}
