import { Duplex, PassThrough, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openStream } from "#native/addon/stream.ts";
import { TboxError } from "#support/errors.ts";
import { writable } from "#support/streams.ts";
import { unixNanoseconds } from "#support/time/timestamp.ts";
import type { ContainerServices } from "../services.ts";
import { isRunning } from "../state/container-record.ts";
import { requireNotRestarting } from "../state/require-running.ts";
import { type LogEnd, readLogEnd } from "./log-end.ts";
import { openLog } from "./logs.ts";

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Whether to send the log first. */
  logs: boolean;
  /** Whether to stay attached. Otherwise the stream ends after the log. */
  stream: boolean;
  /** Docker's frames with eight-byte headers, or raw bytes. */
  framing: "multiplexed" | "raw";
}

type Streams = Pick<AttachOptions, "stdin" | "stdout" | "stderr" | "framing">;

/** Connects to the streams of a running container, or of the next start of a stopped one. */
export async function attachContainer(
  services: ContainerServices,
  name: string,
  options: AttachOptions,
): Promise<Duplex> {
  const record = services.records.find(name);
  const { id } = record;
  if (record.state.status === "paused") {
    throw new TboxError(
      "conflict",
      `container ${record.name} is paused, unpause the container before attach`,
    );
  }
  requireNotRestarting(record);
  services.notify("attach", record);
  const stdin = options.stdin && (record.config.OpenStdin ?? false);
  const running = isRunning(record) && services.runtime(id).monitor !== undefined;
  if (!options.stream) return options.logs ? replayLog(services, id, options) : new PassThrough().end();
  if (!options.logs) return connect(services, id, { ...options, stdin });
  if (!running) {
    // The stream has the records of a start that begins while the log is read.
    const until = isRunning(record) ? {} : { until: unixNanoseconds(record.state.finishedAt) };
    return replayLog(services, id, { ...options, ...until }, connect(services, id, { ...options, stdin }));
  }
  const live = await attachAfterLog(services, id, { ...options, stdin });
  if (live) return live;
  // Reading the live output from the log too leaves no gap between the replay and the stream.
  const output = replayLog(services, id, { ...options, follow: true });
  if (!stdin) return output;
  const input = connect(services, id, { ...options, stdin, stdout: false, stderr: false });
  return joinStreams(output, input.resume());
}

function connect(
  services: ContainerServices,
  id: string,
  { stdin, stdout, stderr, framing }: Streams,
): Duplex {
  const runtime = services.runtime(id);
  const attachment = { stdin, stdout, stderr, framing };
  if (isRunning(services.records.find(id)) && runtime.monitor) return runtime.monitor.attach(attachment);
  const pair = openStream();
  const pending = { attachment, pair };
  runtime.pendingAttachments.push(pending);
  // The start must not use the stream of a client that has disconnected before. A start that has taken the stream closes
  // the peer itself.
  pair.stream.once("close", () => {
    const index = runtime.pendingAttachments.indexOf(pending);
    if (index < 0) return;
    runtime.pendingAttachments.splice(index, 1);
    pair.closePeer();
  });
  return pair.stream;
}

/**
 * Returns a stream of the log and then the container's streams, without a gap between them. Returns undefined if the monitor
 * does not report the end of the log, or has ended.
 */
async function attachAfterLog(
  services: ContainerServices,
  id: string,
  { stdin, stdout, stderr, framing }: Streams,
): Promise<Duplex | undefined> {
  const { monitor } = services.runtime(id);
  if (!monitor || !(await monitor.started).marksLog) return undefined;
  let live: Duplex;
  try {
    live = monitor.attach({ stdin, stdout, stderr, framing, afterLog: true });
  } catch (error) {
    // The container may have just exited. A running container refuses this attachment for another reason.
    if (isRunning(services.records.find(id))) throw error;
    return undefined;
  }
  const end = await readLogEnd(live);
  return replayLog(services, id, { stdout, stderr, framing, ...(end && { end }) }, live);
}

interface ReplayOptions extends Omit<Streams, "stdin"> {
  /** Whether to continue with new records. */
  follow?: boolean;
  /** Time of the last record to send. */
  until?: bigint;
  /** Position in the log from which `live` continues. */
  end?: LogEnd;
}

/** Returns a stream of the log, followed by the output of `live`. Input is sent to `live`. */
function replayLog(services: ContainerServices, id: string, options: ReplayOptions, live?: Duplex): Duplex {
  const stop = new AbortController();
  const output = new PassThrough();
  output.once("close", () => stop.abort());
  const { framing, follow = false, ...selected } = options;
  const opening = openLog(services, id, { ...selected, follow, signal: stop.signal });
  const write = async () => {
    const records = await opening;
    for await (const { stream, text, bytes } of records) {
      await writeFrame(output, framing, stream, bytes ?? text);
    }
    if (live) await pipeline(live, output);
    else output.end();
  };
  write().catch((error) => output.destroy(error));
  return live ? joinStreams(output, live) : output;
}

function joinStreams(readable: Duplex, writable: Duplex): Duplex {
  // Node accepts a pair of node streams too; the type declarations know only web streams.
  const pair: object = { readable, writable };
  return Duplex.from(pair as Parameters<typeof Duplex.from>[0]);
}

async function writeFrame(
  output: Writable,
  framing: Streams["framing"],
  stream: "stdout" | "stderr",
  text: string | Buffer,
): Promise<void> {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream === "stderr" ? 2 : 1;
  header.writeUInt32BE(bytes.byteLength, 4);
  const piece = framing === "multiplexed" ? Buffer.concat([header, bytes]) : bytes;
  if (!output.write(piece)) await writable(output);
}
