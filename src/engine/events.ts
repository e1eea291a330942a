import type { ContainerAction } from "#containers/state/container-action.ts";
import type { ImageAction } from "#images/image-action.ts";
import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import { openSoon } from "#support/concurrency/soon.ts";
import { TboxError } from "#support/errors.ts";
import { openLog } from "#support/log.ts";
import type { VolumeAction } from "#volumes/volume-action.ts";
import type { EventJournal } from "./event-journal.ts";

/** A change of an object, in the terms of Docker's events. */
export type EngineEvent =
  | EventOf<"container", ContainerAction>
  | EventOf<"image", ImageAction>
  | EventOf<"volume", VolumeAction>
  | EventOf<"network", "create" | "destroy" | "connect" | "disconnect">
  | EventOf<ObjectType, "prune">;

type ObjectType = "container" | "image" | "volume" | "network" | "builder";

interface EventOf<Type, Action> {
  type: Type;
  action: Action;
  id: string;
  attributes: Record<string, string>;
  /** Nanoseconds since the epoch; no two events have the same time. */
  time: bigint;
}

/** An event whose time is not known yet. */
export type NewEvent<Event = EngineEvent> = Event extends unknown ? Omit<Event, "time"> : never;

export interface ReadEventsOptions {
  /** First moment to replay from, in nanoseconds since the epoch. */
  since?: bigint;
  /** Last moment. Without `since`, every remembered event before that moment is replayed. */
  until?: bigint;
  /** Without `since` and `until`, starts from this moment on are replayed if their container has not ended. */
  startsSince?: bigint;
  signal: AbortSignal;
}

/** The events of the daemon. The newest ones are remembered, and more of them by a journal. */
export interface EventLog {
  /** Adds an event with the current time. Readers receive the event when the event loop is free. */
  publish(event: NewEvent): void;
  /** Adds the published events now. */
  flush(): void;
  read(options: ReadEventsOptions): AsyncGenerator<EngineEvent>;
}

/** Number of remembered events, as in Docker. */
const capacity = 256;

/** Number of unread events at which a reader is disconnected. It can request the events since its last one again. */
const mostWaiting = 4096;

const logs = {
  container: openLog("containers"),
  image: openLog("images"),
  volume: openLog("volumes"),
  network: openLog("network"),
  builder: openLog("builds"),
};

/**
 * Opens an event log in memory. `now` returns nanoseconds since the epoch. `journal` remembers the events of earlier
 * daemons too. Debug lines report every event.
 */
export function openEventLog(now: () => bigint, journal?: Pick<EventJournal, "append" | "read">): EventLog {
  const past: EngineEvent[] = [];
  const listeners = new Set<(event: EngineEvent) => void>();
  const soon = openSoon();
  const add = (event: NewEvent, time: bigint) => {
    const last = past.at(-1)?.time ?? 0n;
    const timed = { ...event, time: time > last ? time : last + 1n };
    past.push(timed);
    journal?.append(timed);
    if (past.length > capacity) past.shift();
    logs[event.type].debug(() => describe(event));
    for (const listen of listeners) listen(timed);
  };
  return {
    publish(event) {
      const time = now();
      // The start of a container publishes several events; its client does not wait for their readers.
      soon.run(() => add(event, time));
    },
    flush: soon.flush,
    async *read({ signal, ...range }) {
      soon.flush();
      const { until } = range;
      const queue = createAsyncQueue<EngineEvent>();
      const overflow = Promise.withResolvers<never>();
      const listen = (event: EngineEvent) => {
        queue.push(event);
        if (queue.waiting < mostWaiting) return;
        listeners.delete(listen);
        overflow.reject(new TboxError("unavailable", `a reader of events missed ${mostWaiting} of them`));
      };
      listeners.add(listen);
      try {
        for (const event of replayed(past, range, journal)) queue.push(event);
        const end = Promise.race([untilOrAbort(until, signal).then(soon.flush), overflow.promise]);
        for await (const event of queue.during(end)) {
          if (until === undefined || event.time <= until) yield event;
        }
      } finally {
        listeners.delete(listen);
      }
    },
  };
}

/** Returns the remembered events that a new reader gets. */
function replayed(
  past: EngineEvent[],
  range: Omit<ReadEventsOptions, "signal">,
  journal: Pick<EventJournal, "read"> | undefined,
): EngineEvent[] {
  const { since, until, startsSince } = range;
  if (since !== undefined || until !== undefined) {
    const [first] = past;
    const from = since ?? 0n;
    const isRemembered = first !== undefined && first.time <= from;
    const older = isRemembered || !journal ? [] : journal.read(from);
    return [
      ...older.filter(({ time }) => first === undefined || time < first.time),
      ...past.filter(({ time }) => time >= from),
    ];
  }
  if (startsSince === undefined) return [];
  const ended = new Set<string>();
  const starts: EngineEvent[] = [];
  for (const event of past.toReversed()) {
    if (event.type !== "container") continue;
    if (event.action === "die") ended.add(event.id);
    const wanted = event.action === "start" && event.time >= startsSince && !ended.has(event.id);
    if (wanted) starts.unshift(event);
  }
  return starts;
}

/** Resolves at a moment, or when the signal aborts. */
function untilOrAbort(until: bigint | undefined, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wait = until === undefined ? undefined : Number(until / 1_000_000n) - Date.now();
  // A timer's delay is a signed 32-bit number of milliseconds.
  const timer =
    wait === undefined ? undefined : setTimeout(resolve, Math.min(Math.max(0, wait), 2 ** 31 - 1));
  const stop = () => {
    clearTimeout(timer);
    resolve();
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  return promise;
}

/** Describes an event without a command line or attributes, which may contain secrets. */
function describe({ action, id, attributes: { name = "" } }: NewEvent): string {
  return `${action.replace(/:.*/s, "")} ${id} ${name}`.trimEnd();
}
