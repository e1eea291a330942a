import { createAsyncQueue } from "#support/concurrency/async-queue.ts";

/** Something that happened (Docker's events). */
export interface EngineEvent {
  type: "container" | "image" | "volume" | "network" | "daemon";
  action: string;
  id: string;
  attributes: Record<string, string>;
  /** Nanoseconds since the epoch, rising from one event to the next. */
  time: bigint;
}

export interface ReadEventsOptions {
  /** Replays what is still known from this moment on. */
  since?: bigint;
  /** Ends with this moment; without `since` everything before it that is still known is replayed. */
  until?: bigint;
  signal: AbortSignal;
}

export interface EventLog {
  publish(event: Omit<EngineEvent, "time">): void;
  read(options: ReadEventsOptions): AsyncGenerator<EngineEvent>;
}

/** How many past events can be asked for, as many as Docker keeps. */
const memory = 256;

export function openEventLog(): EventLog {
  const past: EngineEvent[] = [];
  const readers = new Set<(event: EngineEvent) => void>();
  return {
    publish(event) {
      const now = BigInt(Date.now()) * 1_000_000n;
      const last = past.at(-1)?.time ?? 0n;
      const timed = { ...event, time: now > last ? now : last + 1n };
      past.push(timed);
      if (past.length > memory) past.shift();
      for (const tell of readers) tell(timed);
    },
    async *read({ since, until, signal }) {
      const queue = createAsyncQueue<EngineEvent>();
      const tell = (event: EngineEvent) => queue.push(event);
      readers.add(tell);
      try {
        const from = since ?? (until === undefined ? undefined : 0n);
        if (from !== undefined) for (const event of past) if (event.time >= from) queue.push(event);
        for await (const event of queue.during(ending(until, signal))) {
          if (until === undefined || event.time <= until) yield event;
        }
      } finally {
        readers.delete(tell);
      }
    },
  };
}

/** Settles at a moment or when the reader has gone. */
function ending(until: bigint | undefined, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wait = until === undefined ? undefined : Number(until / 1_000_000n) - Date.now();
  // A timer cannot wait longer than a signed 32-bit number of milliseconds.
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
