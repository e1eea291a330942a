import type { Duplex } from "node:stream";
import { TboxError } from "#support/errors.ts";
import { errnoOf, FailureError } from "../addon/failure.ts";
import { type Channel, type ChannelListener, connectChannel } from "../addon/reactor.ts";
import { openStream, passOn } from "../addon/stream.ts";
import {
  type Attachment,
  type Exited,
  fromMonitorSchema,
  type LogPosition,
  type Started,
  type ToMonitor,
  withoutType,
} from "../zygote/protocol.ts";
import { openLogWatch } from "./log-watch.ts";

/** A container that was launched. It goes on when the daemon ends or the monitor is let go of. */
export interface Monitor extends Disposable {
  /** Rejects with a `FailureError` when the container could not be started. */
  readonly started: Promise<Started>;
  /** Rejects like `started`, or as unavailable when the monitor ended without a word. */
  readonly exited: Promise<Exited>;
  /** A new connection to the container's streams, which ends with it. Throws conflict when it has ended. */
  attach(attachment: Attachment): Duplex;
  /** Signals the container's PID 1; nothing when it has ended. */
  signal(number: number): void;
  resize(columns: number, rows: number): void;
  /** Where the log is, as soon as it differs from `position`; nothing when the container has ended. */
  awaitLog(position: LogPosition): Promise<LogPosition | undefined>;
  /** Lets go of the monitor; `started` and `exited`, if still open, never settle. */
  [Symbol.dispose](): void;
}

/** The monitor of a container that runs, after the daemon was started anew; throws not-found. */
export function connectMonitor(runDirectory: string, id: string, outOfMemory?: () => void): Monitor {
  const name = `${id.slice(0, 32)}.sock`;
  try {
    const open = (listener: ChannelListener) => connectChannel(`${runDirectory}/monitors`, name, listener);
    return openMonitor(id, open, outOfMemory);
  } catch (cause) {
    const code = errnoOf(cause);
    const gone = code === "ENOENT" || code === "ECONNREFUSED";
    throw new TboxError(gone ? "not-found" : "unavailable", `no monitor of container ${id}`, { cause });
  }
}

/** A monitor over the channel that `open` makes for a listener; `outOfMemory` hears of kills for want of it. */
export function openMonitor(
  id: string,
  open: (listener: ChannelListener) => Channel,
  outOfMemory?: () => void,
): Monitor {
  const started = Promise.withResolvers<Started>();
  const exited = Promise.withResolvers<Exited>();
  // Callers may care about one of the two only.
  started.promise.catch(() => {});
  exited.promise.catch(() => {});
  const fail = (error: TboxError) => {
    started.reject(error);
    exited.reject(error);
  };
  const send = (message: ToMonitor, descriptors?: number[]) =>
    channel.send(JSON.stringify(message), descriptors);
  // What is asked of a monitor that has just ended is answered by the news of its end.
  const log = openLogWatch((position) => whileOpen(() => send({ type: "await-log", ...position })));
  const channel = open({
    message(text) {
      const message = fromMonitorSchema.parse(JSON.parse(text));
      switch (message.type) {
        case "started":
          return started.resolve(withoutType(message));
        case "failed":
        case "refused":
          return fail(new FailureError(withoutType(message)));
        case "logged":
          return log.moved(withoutType(message));
        case "out-of-memory":
          return outOfMemory?.();
        case "exited":
          exited.resolve(withoutType(message));
          return log.end();
      }
    },
    closed(reason) {
      const cause = reason === undefined ? undefined : new Error(reason);
      fail(new TboxError("unavailable", `the monitor of container ${id} ended without a word`, { cause }));
      log.end();
    },
  });
  return {
    started: started.promise,
    exited: exited.promise,
    attach(attachment) {
      const pair = openStream();
      try {
        passOn([pair], (peers) => send({ type: "attach", ...attachment }, peers));
      } catch (cause) {
        throw new TboxError("conflict", `attach to container ${id}: it has ended`, { cause });
      }
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

/** A container that has ended meanwhile is no error. */
function whileOpen(send: () => void): void {
  try {
    send();
  } catch (error) {
    if (errnoOf(error) !== "EPIPE") throw error;
  }
}
