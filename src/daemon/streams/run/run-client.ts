import { type Duplex, finished, type Writable } from "node:stream";
import { parseJson } from "#api/schema/json.ts";
import { encodeFrame } from "#api/streams/frame.ts";
import { runControlSchema } from "#api/streams/run-request.ts";
import { frameType, type RunControl, type RunEvent } from "#api/streams/run-stream.ts";
import { logError } from "../../log.ts";
import { dropInput } from "../join.ts";
import { upgradedHead } from "../upgrade-response.ts";
import { createFrameReader } from "./frames.ts";

/** Input kept for a program that does not run yet; a client that sends more is made to wait. */
const inputLimit = 256 * 1024;

/** The client's end of a run. */
export interface RunClient {
  /** Aborted when the client is gone, or says that it is by ending its side. */
  gone: AbortSignal;
  tell(event: RunEvent): void;
  /** Passes a container's frames on to the client; resolves when they have ended. */
  copyOutput(container: Duplex): Promise<void>;
  /** Gives the client's input to a program. */
  openInput(program: Writable): void;
  /** Gives the client's signals and sizes to whoever handles them. */
  openControl(handle: (control: RunControl) => Promise<void>): void;
  /** Nothing more comes. */
  end(): void;
}

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
      logError("run stream", error);
      socket.destroy();
    }
  });
  socket.once("end", () => gone.abort()).once("close", () => gone.abort());
  if (socket.readableEnded || socket.destroyed) gone.abort();
  // The head goes out with the first event, in one write.
  let head = Buffer.from(upgradedHead());
  return {
    gone: gone.signal,
    tell(event) {
      socket.write(Buffer.concat([head, encodeEvent(event)]));
      head = Buffer.alloc(0);
    },
    copyOutput: (container) => copyOutput(container, socket),
    openInput: (program) => input.open(program),
    openControl(handler) {
      handle = (control) => void handler(control).catch((error) => logError("run control", error));
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
    // Also of an end that came before anybody listened.
    finished(container, { writable: false }, () => resolve());
    container.pipe(socket, { end: false });
  });
}

/** Input on its way to a program, or waiting for it. */
class InputQueue {
  readonly #socket: Duplex;
  #waiting: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #program: Writable | undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  push(bytes: Uint8Array): void {
    if (this.#program === undefined) {
      this.#waiting.push(bytes);
      this.#size += bytes.length;
      if (this.#size > inputLimit) this.#socket.pause();
    } else if (!this.#program.destroyed && !this.#program.writableEnded) {
      if (!this.#program.write(bytes)) this.#socket.pause();
    }
  }

  end(): void {
    this.#ended = true;
    this.#program?.end();
  }

  open(program: Writable): void {
    this.#program = program;
    const resume = () => this.#socket.resume();
    program.on("drain", resume).once("close", resume);
    for (const bytes of this.#waiting.splice(0)) program.write(bytes);
    if (this.#ended) program.end();
    if (!program.writableNeedDrain) resume();
  }
}
