import { type FileHandle, open } from "node:fs/promises";
import { TboxError } from "#support/errors.ts";
import type { LogOptions, LogRecord } from "./containers.ts";
import { containerDirectory, type Fleet } from "./fleet.ts";
import { logFiles, newerFiles, readRecords, tailOffset } from "./log-files.ts";

/** A container's log, and with `follow` what is added to it until the container ends. */
export async function* readLogs(fleet: Fleet, name: string, options: LogOptions): AsyncGenerator<LogRecord> {
  const { id, hostConfig } = fleet.records.find(name);
  if (hostConfig.LogConfig?.Type === "none") {
    throw new TboxError("not-implemented", "configured logging driver does not support reading");
  }
  const directory = `${containerDirectory(fleet, id)}/log`;
  const wanted = ({ stream, time }: LogRecord) => {
    if (!(stream === "stdout" ? options.stdout : options.stderr)) return false;
    const at = options.since === undefined && options.until === undefined ? 0n : nanoseconds(time);
    return at >= (options.since ?? at) && at <= (options.until ?? at);
  };
  const { monitor } = fleet.companion(id);
  // Asked before anything is read: what is logged meanwhile wakes the first wait below.
  let position = options.follow ? await monitor?.awaitLog(noPosition) : undefined;
  let file: FileHandle | undefined;
  let offset = 0;
  try {
    for (const { path, from } of await plan(await logFiles(directory), options.tail)) {
      await file?.close();
      file = await open(path, "r");
      offset = from;
      for await (const { record, end } of readRecords(file, from)) {
        options.signal.throwIfAborted();
        offset = end;
        if (wanted(record)) yield record;
      }
    }
    let more = options.follow && file !== undefined;
    while (more && file) {
      // Once the container has ended there is one last look.
      more = position !== undefined;
      for await (const { record, end } of readRecords(file, offset)) {
        offset = end;
        if (wanted(record)) yield record;
      }
      for (const path of await newerFiles(directory, file)) {
        await file.close();
        file = await open(path, "r");
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
    await file?.close();
  }
}

/** Where no log is: asked for what differs from it, a monitor tells at once where the log is. */
const noPosition = { generation: 2 ** 32, size: 0 };

interface Stretch {
  path: string;
  from: number;
}

/** Which files to read from where so that the last `tail` lines come. */
async function plan(files: string[], tail: number | undefined): Promise<Stretch[]> {
  const stretches: Stretch[] = [];
  let missing = tail ?? Number.POSITIVE_INFINITY;
  for (const [age, path] of files.toReversed().entries()) {
    if (missing <= 0 && age > 0) break;
    const { offset, lines } = tail === undefined ? { offset: 0, lines: 0 } : await tailOffset(path, missing);
    stretches.unshift({ path, from: offset });
    missing -= lines;
  }
  return stretches;
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
