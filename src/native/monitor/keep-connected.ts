import { errorCode } from "#support/errors.ts";
import { FailureError } from "../addon/failure.ts";
import type { Exited } from "../protocol/monitor.ts";
import type { Monitor } from "./monitor.ts";

/** Milliseconds before the first further attempt to connect; doubles up to the longest. */
const firstDelay = 10;
const longestDelay = 1000;

/** Milliseconds that a monitor has to answer a connection. */
const answerTimeout = 1000;

type Request = (monitor: Monitor) => void;

/**
 * Returns a monitor whose lost connection is opened again. Requests made in between are sent over the new connection.
 * `exited` rejects only when `reconnect` throws not-found: then no monitor listens any more.
 */
export function keepConnected(first: Monitor, reconnect: () => Monitor): Monitor {
  let current = first;
  let disposed = false;
  let connected = Promise.resolve(true);
  let waiting: Request[] | undefined;
  const send = (request: Request) => {
    if (waiting) waiting.push(request);
    else request(current);
  };

  /** Connects again; returns false when the monitor has died. */
  async function connectAgain(): Promise<boolean> {
    for (let delay = firstDelay; !disposed; delay = Math.min(delay * 2, longestDelay)) {
      const outcome = await tryToConnect(reconnect);
      if (outcome === "gone" || disposed) break;
      if (outcome !== "busy") {
        current = outcome;
        const requests = waiting ?? [];
        waiting = undefined;
        for (const request of requests) request(current);
        return true;
      }
      await Bun.sleep(delay);
    }
    return false;
  }

  async function followExit(): Promise<Exited> {
    for (;;) {
      try {
        return await current.exited;
      } catch (error) {
        if (error instanceof FailureError || disposed) throw error;
        waiting = [];
        current[Symbol.dispose]();
        connected = connectAgain();
        if (!(await connected)) throw error;
      }
    }
  }

  const exited = followExit();
  exited.catch(() => {});
  return {
    started: first.started,
    exited,
    attach: (attachment) => current.attach(attachment),
    signal: (number) => send((monitor) => monitor.signal(number)),
    resize: (columns, rows) => send((monitor) => monitor.resize(columns, rows)),
    async awaitLog(position) {
      for (;;) {
        const asked = current;
        const moved = await asked.awaitLog(position);
        if (moved || disposed) return moved;
        // Either the container has exited or the connection is lost.
        await asked.exited.catch(() => {});
        if (!(await connected) || asked === current) return undefined;
      }
    },
    [Symbol.dispose]() {
      disposed = true;
      current[Symbol.dispose]();
    },
  };
}

/** Connects and waits for the monitor's answer. `gone`: no monitor listens; `busy`: one may answer a later attempt. */
export async function tryToConnect(connect: () => Monitor): Promise<Monitor | "gone" | "busy"> {
  let monitor: Monitor;
  try {
    monitor = connect();
  } catch (error) {
    return errorCode(error) === "not-found" ? "gone" : "busy";
  }
  const { promise: expired, resolve: expire } = Promise.withResolvers<void>();
  const timer = setTimeout(expire, answerTimeout);
  const answered = await Promise.race([
    monitor.started.then(
      () => true,
      () => false,
    ),
    expired.then(() => false),
  ]);
  clearTimeout(timer);
  if (answered) return monitor;
  monitor[Symbol.dispose]();
  return "busy";
}
