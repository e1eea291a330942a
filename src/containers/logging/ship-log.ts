import { readFile, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { type LogRecord, openLog } from "../streams/logs.ts";
import { fluentdSink } from "./fluentd.ts";
import { journaldSink } from "./journald.ts";
import { type LogPosition, skipSent } from "./log-position.ts";
import type { LogSink } from "./log-sink.ts";
import { syslogSink } from "./syslog.ts";

/** Milliseconds between attempts to reach a receiver: doubled after each failure, up to the longest. */
const waits = { first: 500, longest: 30_000 };

/** Milliseconds until a changed position is stored. After a crash, at most the records of this time are sent again. */
const storeDelay = 1000;

/** A log that is being sent. Disposing of it stops the sending. */
export interface LogShipping extends Disposable {
  /** Resolves when the log is open, so that the removal of the container loses no record. */
  opened: Promise<void>;
  /** Resolves when all records are sent, or the sending was stopped. */
  done: Promise<void>;
}

/** Returns a function that connects to the receiver of a container's log, or undefined for a driver without one. */
function receiverOf(record: ContainerRecord): (() => Promise<LogSink>) | undefined {
  switch (record.hostConfig.LogConfig?.Type) {
    case "journald":
      return async () => journaldSink(record);
    case "syslog":
      return () => syslogSink(record);
    case "fluentd":
      return () => fluentdSink(record);
    default:
      return undefined;
  }
}

/**
 * Sends the log of a started container to the receiver of its log driver, until the container has exited and all is sent, or
 * the result is disposed of. Continues at the position where an earlier call ended, even in an earlier daemon.
 */
export function shipLog(services: ContainerServices, record: ContainerRecord): LogShipping | undefined {
  const open = receiverOf(record);
  if (open === undefined) return undefined;
  const before = services.runtime(record.id).logShipping?.done;
  const stop = new AbortController();
  const { signal } = stop;
  const opened = openLog(services, record.id, { stdout: true, stderr: true, follow: true, signal });
  const warn = (error: unknown) => {
    if (!signal.aborted) services.warn(`send the log of container ${record.name}`, error);
  };
  const ship = async () => {
    const records = await opened;
    // The log of the last run may not be sent completely.
    await before;
    const isRemoved = () => services.records.withId(record.id) === undefined;
    using sender = createSender(open, { signal, warn, isRemoved });
    await sendNew(records, sender, `${containerDirectory(services, record.id)}/log/shipped.json`);
  };
  const settled = opened.then(
    () => {},
    () => {},
  );
  return { opened: settled, done: ship().catch(warn), [Symbol.dispose]: () => stop.abort() };
}

/** Sends the records after the stored position, and stores the new one. */
async function sendNew(records: AsyncIterable<LogRecord>, sender: Sender, path: string): Promise<void> {
  const from = await readPosition(path);
  let position = from;
  let stored = performance.now();
  try {
    for await (const record of skipSent(records, from)) {
      await sender.send(record);
      position = { time: record.time, count: record.time === position?.time ? position.count + 1 : 1 };
      if (performance.now() - stored < storeDelay) continue;
      stored = performance.now();
      await storePosition(path, position);
    }
  } finally {
    if (position !== undefined) await storePosition(path, position);
  }
}

interface Sender extends Disposable {
  /** Sends a record; reconnects until it succeeds. Rejects when the signal aborts. */
  send(record: LogRecord): Promise<void>;
}

interface SenderOptions {
  signal: AbortSignal;
  /** Called for the first failure of a record. */
  warn: (error: unknown) => void;
  /** Whether the container is removed. */
  isRemoved: () => boolean;
}

function createSender(open: () => Promise<LogSink>, { signal, warn, isRemoved }: SenderOptions): Sender {
  let sink: LogSink | undefined;
  return {
    async send(record) {
      for (let wait = waits.first; ; wait = Math.min(2 * wait, waits.longest)) {
        signal.throwIfAborted();
        try {
          sink ??= await open();
          return await sink.send(record);
        } catch (error) {
          if (wait === waits.first) warn(error);
          sink?.[Symbol.dispose]();
          sink = undefined;
          // The log's files are deleted but open, and must be closed eventually.
          if (wait === waits.longest && isRemoved()) throw error;
          await setTimeout(wait, undefined, { signal });
        }
      }
    },
    [Symbol.dispose]: () => sink?.[Symbol.dispose](),
  };
}

async function readPosition(path: string): Promise<LogPosition | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof value !== "object" || value === null || !("time" in value && "count" in value))
      return undefined;
    const { time, count } = value;
    return typeof time === "string" && typeof count === "number" ? { time, count } : undefined;
  } catch {
    return undefined;
  }
}

/** Stores a position, unless the container and its directory were removed. */
async function storePosition(path: string, position: LogPosition): Promise<void> {
  await writeFile(path, JSON.stringify(position)).catch(() => {});
}
