import type { FileHandle } from "node:fs/promises";
import type { Monitor } from "#native/monitor/monitor.ts";
import type { LogPosition } from "#native/protocol/monitor.ts";
import { takeBufferShare } from "#support/buffer-share.ts";
import { TboxError } from "#support/errors.ts";
import { unixNanoseconds } from "#support/time/timestamp.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import type { LogEnd } from "./log-end.ts";
import {
  chunkSize,
  closeAll,
  openLogs,
  openLogsUpTo,
  openNewer,
  readRecords,
  tailOffset,
} from "./log-files.ts";

export interface LogOptions {
  stdout: boolean;
  stderr: boolean;
  /** Whether to continue with new records until the container exits. */
  follow: boolean;
  /** Nanoseconds since the epoch, inclusive. */
  since?: bigint;
  until?: bigint;
  /** Position at which to stop, for a log that another stream continues. */
  end?: LogEnd;
  /** Number of last records; all when absent. */
  tail?: number;
  signal: AbortSignal;
}

export interface LogRecord {
  stream: "stdout" | "stderr";
  /** Logged text. It ends with a newline unless it is part of a longer line or the last piece of the stream. */
  text: string;
  /** Logged bytes if they are not UTF-8; `text` has replacement characters then. */
  bytes?: Buffer;
  /** RFC 3339 with nanoseconds. */
  time: string;
}

/**
 * Opens the log of a container. Once the promise resolves, no later record is lost, even if the container is removed at
 * once. With `follow`, the log ends at the container's exit.
 */
export async function openLog(
  services: ContainerServices,
  name: string,
  options: LogOptions,
): Promise<AsyncIterable<LogRecord>> {
  const { id, hostConfig } = services.records.find(name);
  if (hostConfig.LogConfig?.Type === "none") {
    throw new TboxError("not-implemented", "configured logging driver does not support reading");
  }
  const directory = `${containerDirectory(services, id)}/log`;
  const { monitor } = services.runtime(id);
  // The position precedes the files, so that a record written in between ends the first wait.
  const position = options.follow ? await monitor?.awaitLog(noPosition) : undefined;
  const files = options.end ? await openLogsUpTo(directory, options.end) : await openLogs(directory);
  let iterated = false;
  // A client that disconnects before the first record never iterates.
  options.signal.addEventListener("abort", () => void (iterated || closeAll(files)), { once: true });
  if (options.signal.aborted) {
    await closeAll(files);
    options.signal.throwIfAborted();
  }
  return {
    [Symbol.asyncIterator]() {
      iterated = true;
      return readLog({ directory, files, monitor, position }, options);
    },
  };
}

interface OpenLog {
  directory: string;
  /** Log files, oldest first. */
  files: FileHandle[];
  monitor: Monitor | undefined;
  /** End of the log; absent when the log does not grow. */
  position: LogPosition | undefined;
}

async function* readLog(log: OpenLog, options: LogOptions): AsyncGenerator<LogRecord> {
  const { directory, files, monitor } = log;
  let { position } = log;
  let offset = 0;
  using share = takeBufferShare(chunkSize);
  const complete = monitor === undefined;
  const read = async function* (file: FileHandle, from: number) {
    const limit = file === files.at(-1) ? options.end?.size : undefined;
    for await (const { record, end } of readRecords(file, from, { chunkSize: share.bytes, complete })) {
      if (limit !== undefined && end > limit) return;
      offset = end;
      if (isWanted(record, options)) yield record;
    }
  };
  try {
    const offsets = await startOffsets(files, options.tail);
    for (const [index, file] of files.entries()) {
      offset = offsets[index] ?? 0;
      if (offset === skipped) continue;
      for await (const record of read(file, offset)) {
        options.signal.throwIfAborted();
        yield record;
      }
    }
    let more = options.follow;
    for (let file = files.at(-1); more && file; ) {
      // After the exit the log is read once more.
      more = position !== undefined;
      yield* read(file, offset);
      for (const newer of await openNewer(directory, file)) {
        files.push(newer);
        await closeAll(files.splice(0, files.length - 1));
        file = newer;
        offset = 0;
        yield* read(file, 0);
      }
      options.signal.throwIfAborted();
      if (position && monitor)
        position = await Promise.race([monitor.awaitLog(position), aborted(options.signal)]);
    }
  } finally {
    await closeAll(files);
  }
}

function isWanted({ stream, time }: LogRecord, { stdout, stderr, since, until }: LogOptions): boolean {
  if (!(stream === "stdout" ? stdout : stderr)) return false;
  if (since === undefined && until === undefined) return true;
  const at = unixNanoseconds(time);
  return at >= (since ?? at) && at <= (until ?? at);
}

/** Position that no log has, so a monitor that is asked for a change from this position answers at once. */
const noPosition = { generation: 2 ** 32, size: 0 };

const skipped = -1;

/** Returns the offset in each file at which the last `tail` lines begin; `skipped` for files before them. */
async function startOffsets(files: FileHandle[], tail: number | undefined): Promise<number[]> {
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

function aborted(signal: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  signal.addEventListener("abort", () => resolve(undefined), { once: true });
  if (signal.aborted) resolve(undefined);
  return promise;
}
