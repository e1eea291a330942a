import { type Duplex, finished, type Readable, type Writable } from "node:stream";
import { watchKeys } from "./detach.ts";

export interface Client {
  /** What the client sends to the program; absent when it is not to have any input. */
  input?: Readable;
  output: Writable;
  /** Typed, they end the connection and not the program. */
  detachKeys?: Uint8Array | undefined;
}

/**
 * Joins a client with a container's stream until both have ended. The end of what the client sends is the
 * end of the program's input, not the end of the client; when the client is gone, the stream is closed. The
 * client's end waits for `settled`, after which it may ask how the program ended.
 */
export function joinStreams(
  { input, output, detachKeys }: Client,
  container: Duplex,
  settled: Promise<void> = Promise.resolve(),
): void {
  if (output.destroyed) {
    // The client went while the stream was opened, and that is not told again.
    container.destroy();
    return;
  }
  output.on("error", () => output.destroy());
  container.on("error", () => container.destroy());
  output.once("close", () => container.destroy());
  // An end that came before anybody listened is not told again.
  finished(container, { writable: false }, () => void settled.then(() => output.end()));
  container.pipe(output, { end: false });
  if (input === undefined) return;
  const detach = () => {
    output.end();
    container.destroy();
  };
  if (input.readableEnded) container.end();
  else if (detachKeys === undefined) input.pipe(container);
  else input.pipe(watchKeys(detachKeys, detach)).pipe(container);
}

/** Reads what a client sends and drops it: a connection that is closed with unread bytes looks broken to it. */
export function dropInput(client: Readable): void {
  client.unpipe();
  client.resume();
}
