import type { Duplex } from "node:stream";
import { TboxError } from "#support/errors.ts";
import { errnoOf, FailureError } from "../addon/failure.ts";
import { type Channel, type ChannelListener, connectChannel } from "../addon/reactor.ts";
import { openStream, sendPeers } from "../addon/stream.ts";
import { withoutType } from "../protocol/message.ts";
import {
  type Attachment,
  type Exited,
  fromMonitorSchema,
  type LogPosition,
  type Started,
  type ToMonitor,
} from "../protocol/monitor.ts";
import { openLogWatch } from "./log-watch.ts";

/** Maximum number of clients that a monitor serves at the same time. It closes the stream of any further client. */
const mostAttachments = 256;

/** The connection to the monitor of a launched container. The container outlives the connection and the daemon. */
export interface Monitor extends Disposable {
  /** Rejects with a `FailureError` when the container could not be started. */
  readonly started: Promise<Started>;
  /** Rejects like `started`, or as unavailable when the connection was lost before the report of the exit. */
  readonly exited: Promise<Exited>;
  /**
   * Opens a connection to the container's streams. The connection ends with the container. Throws conflict after the
   * exit, and for more attachments than the monitor serves.
   */
  attach(attachment: Attachment): Duplex;
  /** Sends a signal to the container's PID 1; does nothing after the exit. */
  signal(number: number): void;
  resize(columns: number, rows: number): void;
  /** Resolves with the end of the log when it differs from `position`; with undefined after the exit. */
  awaitLog(position: LogPosition): Promise<LogPosition | undefined>;
  /** Closes the connection; pending `started` and `exited` never settle. */
  [Symbol.dispose](): void;
}

/** Returns the name of a container's socket in the directory of monitors. */
export function monitorSocket(id: string): string {
  return `${id.slice(0, 32)}.sock`;
}

/** Connects to the monitor of a running container after a restart of the daemon; throws not-found. */
export function connectMonitor(runDirectory: string, id: string, outOfMemory?: () => void): Monitor {
  const name = monitorSocket(id);
  try {
    const open = (listener: ChannelListener) => connectChannel(`${runDirectory}/monitors`, name, listener);
    return openMonitor(id, open, outOfMemory);
  } catch (cause) {
    const code = errnoOf(cause);
    const gone = code === "ENOENT" || code === "ECONNREFUSED";
    throw new TboxError(gone ? "not-found" : "unavailable", `no monitor of container ${id}`, { cause });
  }
}

/** Opens a monitor over the channel that `open` returns. `outOfMemory` is called for each kill by the OOM killer. */
export function openMonitor(
  id: string,
  open: (listener: ChannelListener) => Channel,
  outOfMemory?: () => void,
): Monitor {
  const started = Promise.withResolvers<Started>();
  const exited = Promise.withResolvers<Exited>();
  // Callers may use only one of the two promises.
  started.promise.catch(() => {});
  exited.promise.catch(() => {});
  let attached = 0;
  const fail = (error: TboxError) => {
    started.reject(error);
    exited.reject(error);
  };
  const send = (message: ToMonitor, descriptors?: number[]) =>
    channel.send(JSON.stringify(message), descriptors);
  // If the monitor has just died, the end of the channel ends the request.
  const log = openLogWatch((position) => whileOpen(() => send({ type: "await-log", ...position })));
  const channel = open({
    message(text) {
      const message = fromMonitorSchema.parse(JSON.parse(text));
      switch (message.type) {
        case "started":
          return started.resolve(message);
        case "failed":
        case "refused":
          return fail(new FailureError(withoutType(message)));
        case "logged":
          return log.moved(withoutType(message));
        case "out-of-memory":
          return outOfMemory?.();
        case "exited":
          exited.resolve(message);
          return log.end();
      }
    },
    closed(reason) {
      const cause = reason === undefined ? undefined : new Error(reason);
      fail(
        new TboxError("unavailable", `the connection to the monitor of container ${id} was lost`, { cause }),
      );
      log.end();
    },
  });
  return {
    started: started.promise,
    exited: exited.promise,
    attach(attachment) {
      if (attached >= mostAttachments) {
        const message = `attach to container ${id}: ${attached} clients are attached already, the most at the same time`;
        throw new TboxError("conflict", message);
      }
      const pair = openStream();
      try {
        sendPeers([pair], (peers) => send({ type: "attach", ...attachment }, peers));
      } catch (cause) {
        throw new TboxError("conflict", `attach to container ${id}: it has exited`, { cause });
      }
      attached++;
      pair.stream.once("close", () => attached--);
      return pair.stream;
    },
    signal: (number) => whileOpen(() => send({ type: "signal", number })),
    resize: (columns, rows) => whileOpen(() => send({ type: "resize", columns, rows })),
    awaitLog: log.next,
    [Symbol.dispose]() {
      channel.close();
      log.end();
    },
  };
}

/** Sends, and ignores a container that has exited in the meantime. */
function whileOpen(send: () => void): void {
  try {
    send();
  } catch (error) {
    if (errnoOf(error) !== "EPIPE") throw error;
  }
}
