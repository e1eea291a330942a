import { encodeFrame } from "#api/streams/frame.ts";
import { frameType, type RunEvent, type RunRequest } from "#api/streams/run-stream.ts";
import { TboxError } from "#support/errors.ts";
import { isRecord } from "#support/json.ts";
import { remoteCaller } from "../caller/remote-caller.ts";
import { trustAnswer } from "../trust-answer.ts";
import { createFrameDecoder } from "./frames.ts";
import type { RunMessage, RunStream } from "./run-messages.ts";
import { openUpgrade } from "./upgrade.ts";

/** Opens a run stream, starting the daemon when none runs. `registryAuth` is the value of `X-Registry-Auth`. */
export async function openRunStream(request: RunRequest, registryAuth?: string): Promise<RunStream> {
  const caller = remoteCaller();
  if (caller !== undefined) return caller.run(request, registryAuth);
  const headers = registryAuth === undefined ? {} : { "X-Registry-Auth": registryAuth };
  // The caller prepares its terminal meanwhile; a refusal is thrown with the first message.
  const { socket, answered } = await openUpgrade({ target: "/tbox/run", headers, body: request });
  answered.catch(() => {});
  // A write fails only when the connection is lost; the read reports that with a better message.
  const write = (type: number, bytes: Uint8Array) => socket.write(encodeFrame(type, bytes)).catch(() => {});
  return {
    messages: readMessages(answered, socket),
    writeInput: (bytes) => (bytes.length === 0 ? Promise.resolve() : write(frameType.stdin, bytes)),
    endInput: () => void write(frameType.stdin, new Uint8Array(0)),
    send: (control) => void write(frameType.control, new TextEncoder().encode(JSON.stringify(control))),
    close: () => socket.close(),
  };
}

async function* readMessages(
  answered: Promise<unknown>,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<RunMessage, void, void> {
  await answered;
  const decoder = createFrameDecoder(frameType.control);
  for await (const chunk of source) {
    for (const { type, bytes } of decoder.push(chunk)) yield toMessage(type, bytes);
  }
  decoder.end();
}

function toMessage(type: number, bytes: Uint8Array): RunMessage {
  switch (type) {
    case frameType.stdout:
      return { event: "output", stream: "stdout", bytes };
    case frameType.stderr:
      return { event: "output", stream: "stderr", bytes };
    case frameType.control:
      return parseRunEvent(JSON.parse(new TextDecoder().decode(bytes)));
    default:
      throw new TboxError("internal", `the daemon sent a frame of unknown type ${type}`);
  }
}

const events: ReadonlySet<unknown> = new Set(["progress", "created", "started", "exited", "error"]);

function parseRunEvent(value: unknown): RunEvent {
  if (isRecord(value) && events.has(value.event)) return trustAnswer(value);
  throw new TboxError("internal", `the daemon sent an unknown event: ${JSON.stringify(value)}`);
}
