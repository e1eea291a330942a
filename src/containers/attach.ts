import { type Duplex, PassThrough } from "node:stream";
import { openStream } from "#native/stream.ts";
import { TboxError } from "#support/errors.ts";
import type { AttachOptions } from "./containers.ts";
import { type Fleet, isRunning } from "./fleet.ts";
import { readLogs } from "./logs.ts";

/** Connects to a container's streams; to those of its next start when it does not run. */
export async function attachContainer(fleet: Fleet, name: string, options: AttachOptions): Promise<Duplex> {
  const record = fleet.records.find(name);
  const companion = fleet.companion(record.id);
  if (record.state.status === "paused") {
    throw new TboxError(
      "conflict",
      `container ${record.name} is paused, unpause the container before attach`,
    );
  }
  fleet.notify("attach", record);
  const { stdin, stdout, stderr, framing } = options;
  const attachment = { stdin: stdin && (record.config.OpenStdin ?? false), stdout, stderr, framing };
  if (options.logs) return replay(fleet, record.id, options);
  if (!options.stream) return new PassThrough().end();
  if (isRunning(record) && companion.monitor) return companion.monitor.attach(attachment);
  const pair = openStream();
  companion.waiting.push({ attachment, pair });
  return pair.stream;
}

/** What was logged, then, if asked for, what follows: read from the log, so that nothing is missed between. */
async function replay(fleet: Fleet, id: string, options: AttachOptions): Promise<Duplex> {
  if (options.stdin && options.stream) {
    throw new TboxError("not-implemented", "attach with logs and stdin at once is not supported yet");
  }
  const stop = new AbortController();
  const output = new PassThrough();
  output.once("close", () => stop.abort());
  const { stdout, stderr, stream: follow } = options;
  const records = readLogs(fleet, id, { stdout, stderr, follow, signal: stop.signal });
  const write = async () => {
    for await (const { stream, text } of records) {
      const bytes = Buffer.from(text);
      const head = Buffer.alloc(8);
      head[0] = stream === "stderr" ? 2 : 1;
      head.writeUInt32BE(bytes.byteLength, 4);
      const piece = options.framing === "multiplexed" ? Buffer.concat([head, bytes]) : bytes;
      if (!output.write(piece)) await new Promise((resolve) => output.once("drain", resolve));
    }
    output.end();
  };
  write().catch((error) => output.destroy(error));
  return output;
}
