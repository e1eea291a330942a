import { type Duplex, finished, type Writable } from "node:stream";
import { parseJson } from "#api/schema/json.ts";
import { encodeFrame } from "#api/streams/frame.ts";
import { runControlSchema } from "#api/streams/run-request.ts";
import { frameType, type RunControl, type RunEvent } from "#api/streams/run-stream.ts";
import { openLog } from "#support/log.ts";
import { writable } from "#support/streams.ts";
import { dropInput } from "../join.ts";
import { upgradedHead } from "../upgrade-response.ts";
import { createFrameReader } from "./frames.ts";
import { InputQueue } from "./input-queue.ts";

const log = openLog("api");

/** The client of a run. */
export interface RunClient {
  /** Aborted when the client closes the connection or ends its side of the connection. */
  gone: AbortSignal;
  send(event: RunEvent): void;
  /** Resolves when the client has read most of the events, or has disconnected. */
  caughtUp(): Promise<void>;
  /** Copies a container's output frames to the client; resolves at the end of the output. */
  copyOutput(container: Duplex): Promise<void>;
  /** Sends the client's input to a program. */
  openInput(program: Writable): void;
  /** Passes the client's signals and terminal sizes to a handler. */
  openControl(handle: (control: RunControl) => Promise<void>): void;
  /** Ends the connection. */
  end(): void;
}

/** Starts to read a client's frames. Input and controls wait until they are opened. */
export function openRunClient(socket: Duplex): RunClient {
  const gone = new AbortController();
  const input = new InputQueue(socket);
  const waiting: RunControl[] = [];
  let handle = (control: RunControl) => void waiting.push(control);
  const read = createFrameReader({
    input: (bytes) => input.push(bytes),
    endInput: () => input.end(),
    control: (json) => handle(runControlSchema.parse(parseJson(json))),
  });
  socket.on("data", (bytes: Buffer) => {
    try {
      read(bytes);
    } catch (error) {
      log.error("run stream", error);
      socket.destroy();
    }
  });
  socket.once("end", () => gone.abort()).once("close", () => gone.abort());
  if (socket.readableEnded || socket.destroyed) gone.abort();
  // The head is sent with the first event, in one write.
  let head = Buffer.from(upgradedHead());
  return {
    gone: gone.signal,
    send(event) {
      socket.write(Buffer.concat([head, encodeEvent(event)]));
      head = Buffer.alloc(0);
    },
    caughtUp: () => writable(socket),
    copyOutput: (container) => copyOutput(container, socket),
    openInput: (program) => input.open(program),
    openControl(handler) {
      handle = (control) => void handler(control).catch((error) => log.error("run control", error));
      for (const control of waiting.splice(0)) handle(control);
    },
    end() {
      socket.end();
      dropInput(socket);
    },
  };
}

function encodeEvent(event: RunEvent): Uint8Array {
  return encodeFrame(frameType.control, Buffer.from(JSON.stringify(event)));
}

function copyOutput(container: Duplex, socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    // `finished` also reports an end that happened before this call.
    finished(container, { writable: false }, () => resolve());
    container.pipe(socket, { end: false });
  });
}
