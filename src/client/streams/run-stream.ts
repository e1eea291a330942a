import { encodeFrame } from "#api/streams/frame.ts";
import { frameType, type RunControl, type RunEvent, type RunRequest } from "#api/streams/run-stream.ts";
import { TboxError } from "#support/errors.ts";
import { connectDaemon } from "../daemon/connect.ts";
import { isObject, textsAt } from "../json.ts";
import { createFrameDecoder } from "./frames.ts";
import { upgrade } from "./upgrade.ts";

export type RunMessage = RunEvent | { event: "output"; stream: "stdout" | "stderr"; bytes: Uint8Array };

/** One run over one connection. Iterating `messages` to the end reads everything the daemon has to say. */
export interface RunStream {
  messages: AsyncIterable<RunMessage>;
  /** Resolves when the kernel has taken it. */
  writeInput(bytes: Uint8Array): Promise<void>;
  endInput(): void;
  send(control: RunControl): void;
  /** Leaves the container alone: it goes on without this client. */
  close(): void;
}

/** Starts the daemon if none runs. `registryAuth` is the value of `X-Registry-Auth`. */
export async function openRunStream(request: RunRequest, registryAuth?: string): Promise<RunStream> {
  const socket = await connectDaemon();
  const headers = registryAuth === undefined ? {} : { "X-Registry-Auth": registryAuth };
  // The caller has things to prepare meanwhile; a refusal comes with the first message.
  const answered = upgrade(socket, { target: "/tbox/run", headers, body: request });
  answered.catch(() => {});
  // A write fails only when the connection is gone, and then reading it fails with the better message.
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

function parseRunEvent(value: unknown): RunEvent {
  if (isObject(value)) {
    const { event, progress, id, code, status, message, exitCode } = value;
    if (event === "progress" && isObject(progress)) return { event, progress };
    if (event === "created" && typeof id === "string")
      return { event, id, warnings: textsAt(value, "warnings") };
    if (event === "started") return { event };
    if (event === "exited" && typeof code === "number") return { event, code };
    if (event === "error" && typeof message === "string") {
      return {
        event,
        message,
        status: typeof status === "number" ? status : 500,
        exitCode: typeof exitCode === "number" ? exitCode : 125,
      };
    }
  }
  throw new TboxError("internal", `the daemon sent an unknown event: ${JSON.stringify(value)}`);
}
