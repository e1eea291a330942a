import { Duplex, PassThrough, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openStream } from "#native/addon/stream.ts";
import { TboxError } from "#support/errors.ts";
import type { AttachOptions } from "../containers.ts";
import { type Fleet, isRunning } from "../services.ts";
import { openLog } from "./logs.ts";

/** Connects to a container's streams; to those of its next start when it does not run. */
export async function attachContainer(fleet: Fleet, name: string, options: AttachOptions): Promise<Duplex> {
  const record = fleet.records.find(name);
  if (record.state.status === "paused") {
    throw new TboxError(
      "conflict",
      `container ${record.name} is paused, unpause the container before attach`,
    );
  }
  fleet.notify("attach", record);
  const stdin = options.stdin && (record.config.OpenStdin ?? false);
  const running = isRunning(record) && fleet.companion(record.id).monitor !== undefined;
  if (!options.stream) return options.logs ? replay(fleet, record.id, options) : new PassThrough().end();
  if (!options.logs) return connect(fleet, record.id, { ...options, stdin });
  if (!running) return replay(fleet, record.id, options, connect(fleet, record.id, { ...options, stdin }));
  // What follows is read from the log too, so that nothing is missed between.
  const output = replay(fleet, record.id, { ...options, follow: true });
  if (!stdin) return output;
  const input = connect(fleet, record.id, { ...options, stdin, stdout: false, stderr: false });
  return joined(output, input.resume());
}

type Streams = Pick<AttachOptions, "stdin" | "stdout" | "stderr" | "framing">;

function connect(fleet: Fleet, id: string, { stdin, stdout, stderr, framing }: Streams): Duplex {
  const companion = fleet.companion(id);
  const attachment = { stdin, stdout, stderr, framing };
  if (isRunning(fleet.records.find(id)) && companion.monitor) return companion.monitor.attach(attachment);
  const pair = openStream();
  companion.waiting.push({ attachment, pair });
  return pair.stream;
}

interface ReplayOptions extends Omit<Streams, "stdin"> {
  /** Goes on with what is logged later. */
  follow?: boolean;
}

/** What was logged, and then what `live` has to say, which also takes the input. */
function replay(fleet: Fleet, id: string, options: ReplayOptions, live?: Duplex): Duplex {
  const stop = new AbortController();
  const output = new PassThrough();
  output.once("close", () => stop.abort());
  const { stdout, stderr, framing, follow = false } = options;
  const opening = openLog(fleet, id, { stdout, stderr, follow, signal: stop.signal });
  const write = async () => {
    const records = await opening;
    for await (const { stream, text } of records) await writePiece(output, framing, stream, text);
    if (live) await pipeline(live, output);
    else output.end();
  };
  write().catch((error) => output.destroy(error));
  return live ? joined(output, live) : output;
}

function joined(readable: Duplex, writable: Duplex): Duplex {
  // The types know the pair of web streams only, node's documentation that of its own too.
  const pair: object = { readable, writable };
  return Duplex.from(pair as Parameters<typeof Duplex.from>[0]);
}

async function writePiece(
  output: Writable,
  framing: Streams["framing"],
  stream: "stdout" | "stderr",
  text: string,
): Promise<void> {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = stream === "stderr" ? 2 : 1;
  head.writeUInt32BE(bytes.byteLength, 4);
  const piece = framing === "multiplexed" ? Buffer.concat([head, bytes]) : bytes;
  if (!output.write(piece)) await new Promise((resolve) => output.once("drain", resolve));
}
