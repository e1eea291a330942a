import type { FileHandle } from "node:fs/promises";
import type { Monitor } from "#native/monitor/monitor.ts";
import type { LogPosition } from "#native/zygote/protocol.ts";
import { TboxError } from "#support/errors.ts";
import type { LogOptions, LogRecord } from "../containers.ts";
import { containerDirectory, type Fleet } from "../services.ts";
import { closeAll, openLogs, openNewer, readRecords, tailOffset } from "./log-files.ts";

/**
 * A container's log, and with `follow` what is added to it until the container ends. It is open once the
 * promise resolves: what is logged later is not lost, even if the container is removed at once.
 */
export async function openLog(
  fleet: Fleet,
  name: string,
  options: LogOptions,
): Promise<AsyncIterable<LogRecord>> {
  const { id, hostConfig } = fleet.records.find(name);
  if (hostConfig.LogConfig?.Type === "none") {
    throw new TboxError("not-implemented", "configured logging driver does not support reading");
  }
  const directory = `${containerDirectory(fleet, id)}/log`;
  const { monitor } = fleet.companion(id);
  // Asked before anything is opened: what is logged meanwhile wakes the first wait.
  const position = options.follow ? await monitor?.awaitLog(noPosition) : undefined;
  const files = await openLogs(directory);
  let begun = false;
  // Whoever asked may be gone before the first record is.
  options.signal.addEventListener("abort", () => void (begun || closeAll(files)), { once: true });
  return {
    [Symbol.asyncIterator]() {
      begun = true;
      return readLog({ directory, files, monitor, position }, options);
    },
  };
}

interface OpenLog {
  directory: string;
  /** Oldest first. */
  files: FileHandle[];
  monitor: Monitor | undefined;
  /** Of the end of the log; nothing when nothing follows. */
  position: LogPosition | undefined;
}

async function* readLog(
  { directory, files, monitor, position: first }: OpenLog,
  options: LogOptions,
): AsyncGenerator<LogRecord> {
  const wanted = ({ stream, time }: LogRecord) => {
    if (!(stream === "stdout" ? options.stdout : options.stderr)) return false;
    const at = options.since === undefined && options.until === undefined ? 0n : nanoseconds(time);
    return at >= (options.since ?? at) && at <= (options.until ?? at);
  };
  let position = first;
  let offset = 0;
  try {
    const begin = await plan(files, options.tail);
    for (let index = 0; index < files.length; index++) {
      const file = files[index];
      offset = begin[index] ?? 0;
      if (!file || offset === skipped) continue;
      for await (const { record, end } of readRecords(file, offset)) {
        options.signal.throwIfAborted();
        offset = end;
        if (wanted(record)) yield record;
      }
    }
    let more = options.follow;
    for (let file = files.at(-1); more && file; ) {
      // Once the container has ended there is one last look.
      more = position !== undefined;
      for await (const { record, end } of readRecords(file, offset)) {
        offset = end;
        if (wanted(record)) yield record;
      }
      for (const newer of await openNewer(directory, file)) {
        files.push(newer);
        await closeAll(files.splice(0, files.length - 1));
        file = newer;
        offset = 0;
        for await (const { record, end } of readRecords(file, 0)) {
          offset = end;
          if (wanted(record)) yield record;
        }
      }
      options.signal.throwIfAborted();
      if (position && monitor)
        position = await Promise.race([monitor.awaitLog(position), aborted(options.signal)]);
    }
  } finally {
    await closeAll(files);
  }
}

/** Where no log is: asked for what differs from it, a monitor tells at once where the log is. */
const noPosition = { generation: 2 ** 32, size: 0 };

const skipped = -1;

/** Where to begin in each file so that the last `tail` lines come; `skipped` is not at all. */
async function plan(files: FileHandle[], tail: number | undefined): Promise<number[]> {
  if (tail === undefined) return files.map(() => 0);
  const offsets: number[] = [];
  let missing = tail;
  for (const [age, file] of files.toReversed().entries()) {
    if (missing <= 0 && age > 0) {
      offsets.unshift(skipped);
      continue;
    }
    const { offset, lines } = await tailOffset(file, missing);
    offsets.unshift(offset);
    missing -= lines;
  }
  return offsets;
}

/** RFC 3339 with nanoseconds as nanoseconds since the epoch. */
function nanoseconds(time: string): bigint {
  const [, second = "", fraction = ""] = /^(.{19})(?:\.(\d+))?/.exec(time) ?? [];
  const milliseconds = Date.parse(`${second}Z`);
  if (Number.isNaN(milliseconds)) return 0n;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0").slice(0, 9));
}

function aborted(signal: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  signal.addEventListener("abort", () => resolve(undefined), { once: true });
  if (signal.aborted) resolve(undefined);
  return promise;
}
