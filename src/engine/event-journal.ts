import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import type { Warn } from "#support/log.ts";
import type { EngineEvent } from "./events.ts";

/** The newest events of a store on the disk, also those of earlier daemons. */
export interface EventJournal extends Disposable {
  /** Adds an event. It is written soon: a killed daemon may lose the events of its last moment. */
  append(event: EngineEvent): void;
  /** Returns the events from a moment on, oldest first. Leaves out lines that cannot be read. */
  read(since: bigint): EngineEvent[];
}

export interface JournalOptions {
  directory: string;
  warn: Warn;
  /** Bytes at which a new file is begun. The newest two files are kept. */
  fileSize?: number;
}

/** Milliseconds until an event is written: a container's start must not wait for a disk. */
const delay = 50;

/** Number of events that a read returns at most, the newest ones. */
const mostRead = 3000;

/** Opens the journal in a directory, which is created. */
export function openEventJournal({ directory, warn, fileSize = 512 * 1024 }: JournalOptions): EventJournal {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const current = `${directory}/events.jsonl`;
  const earlier = `${directory}/events.1.jsonl`;
  // Separates the next line from an incomplete one, which a loss of power leaves.
  let separator = sizeOf(current) > 0 ? "\n" : "";
  let pending: EngineEvent[] = [];
  let timer: Timer | undefined;
  let failed = false;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const events = pending;
    pending = [];
    if (events.length === 0) return;
    const lines = events.map((event) => `${JSON.stringify({ ...event, time: String(event.time) })}\n`);
    try {
      if (sizeOf(current) >= fileSize) renameSync(current, earlier);
      appendFileSync(current, separator + lines.join(""), { mode: 0o600 });
      separator = "";
      failed = false;
    } catch (error) {
      if (!failed) warn("write the journal of events: the events of this time are lost", error);
      failed = true;
    }
  };
  return {
    append(event) {
      pending.push(event);
      timer ??= setTimeout(flush, delay).unref();
    },
    read(since) {
      flush();
      const lines = [earlier, current].flatMap((path) => textOf(path).split("\n"));
      const events = lines.flatMap((line) => parseEvent(line) ?? []);
      return events.filter(({ time }) => time >= since).slice(-mostRead);
    },
    [Symbol.dispose]: flush,
  };
}

function parseEvent(line: string): EngineEvent | undefined {
  if (line === "") return undefined;
  try {
    const { time, ...event } = JSON.parse(line);
    if (typeof event.type !== "string" || typeof event.action !== "string") return undefined;
    return { ...event, time: BigInt(time) };
  } catch {
    return undefined;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
