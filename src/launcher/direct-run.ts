import { type Duplex, finished, type Writable } from "node:stream";
import { frameType, type RunControl, type RunEvent } from "#api/streams/run-stream.ts";
import { createFrameDecoder } from "#client/streams/frames.ts";
import type { RunMessage, RunStream } from "#client/streams/run-messages.ts";
import type { RunClient } from "#daemon/streams/run/run-client.ts";

/** Sends a frame to the launcher; a promise resolves when the connection takes more. */
export type Send = (type: number, payload: Uint8Array) => Promise<void> | void;

/**
 * A run stream without a connection: the launcher receives the container's output, and the command receives everything
 * else. Disposing of it has the effect of a closed connection.
 */
export interface DirectRun extends Disposable {
  stream: RunStream;
  /** Starts to serve the run. The iterator of the messages throws its failure. */
  serve(run: (client: RunClient) => Promise<void>): void;
}

/** Opens a run stream whose output is sent to a launcher. */
export function openDirectRun(send: Send): DirectRun {
  const closed = new AbortController();
  const events: RunEvent[] = [];
  let failure: { error: unknown } | undefined;
  let ended = false;
  let wake = () => {};
  const program = Promise.withResolvers<Writable>();
  const controls = Promise.withResolvers<(control: RunControl) => Promise<void>>();
  const close = () => {
    // Nothing listens any more after the end.
    if (ended) return;
    closed.abort();
    wake();
  };
  const finish = () => {
    ended = true;
    wake();
  };
  async function* messages(): AsyncGenerator<RunMessage, void, void> {
    for (;;) {
      const event = events.shift();
      if (event !== undefined) yield event;
      else if (failure !== undefined) throw failure.error;
      else if (ended || closed.signal.aborted) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const client: RunClient = {
    gone: closed.signal,
    send(event) {
      events.push(event);
      wake();
    },
    caughtUp: async () => {},
    copyOutput: (container) => copyOutput(container, send),
    openInput: program.resolve,
    openControl: controls.resolve,
    end: finish,
  };
  return {
    stream: {
      messages: messages(),
      writeInput: async (bytes) => writeTo(await program.promise, bytes),
      endInput: () => void program.promise.then((writable) => writable.end()),
      send: (control) => void controls.promise.then((handle) => handle(control)).catch(() => {}),
      close,
    },
    serve: (run) =>
      void run(client).catch((error: unknown) => {
        failure = { error };
        finish();
      }),
    [Symbol.dispose]: close,
  };
}

/** Copies the frames of a container's output; resolves at their end. */
function copyOutput(container: Duplex, send: Send): Promise<void> {
  const decoder = createFrameDecoder();
  container.on("data", (bytes: Uint8Array) => {
    for (const { type, bytes: payload } of decoder.push(bytes)) {
      const sent = send(type === frameType.stderr ? frameType.stderr : frameType.stdout, payload);
      if (sent === undefined) continue;
      container.pause();
      sent.then(
        () => container.resume(),
        () => container.destroy(),
      );
    }
  });
  return new Promise((resolve) => {
    // `finished` also reports an end that happened before this call.
    finished(container, { writable: false }, () => resolve());
  });
}

/** Resolves when the program takes more input. Input of a program that reads no more is dropped. */
function writeTo(program: Writable, bytes: Uint8Array): Promise<void> | void {
  if (program.destroyed || program.writableEnded || program.write(bytes)) return;
  return new Promise((resolve) => {
    program.once("drain", resolve).once("close", resolve);
  });
}
