import { type Duplex, finished, type Readable, type Writable } from "node:stream";
import { watchKeys } from "./detach.ts";

/** The client's side of a connection to a container. */
export interface ClientStreams {
  /** Input for the program; absent when the client does not attach stdin. */
  input?: Readable;
  output: Writable;
  /** Key sequence in the input that ends the connection and leaves the program running. */
  detachKeys?: Uint8Array | undefined;
  /** Called when the client has typed the key sequence. */
  onDetach?: () => void;
}

/**
 * Joins a client with a container's stream until both have ended. The end of the client's input ends the program's
 * input, not the connection. When the client closes the connection, the stream is closed. The client's output ends
 * after `exited`, so that the exit status is known when the client asks for it.
 */
export function joinStreams(
  { input, output, detachKeys, onDetach }: ClientStreams,
  container: Duplex,
  exited: Promise<void> = Promise.resolve(),
): void {
  container.on("error", () => container.destroy());
  if (output.destroyed) {
    // The client disconnected while the stream was opened; its close event is past.
    container.destroy();
    return;
  }
  output.on("error", () => output.destroy());
  output.once("close", () => container.destroy());
  // `finished` also reports an end that happened before this call.
  finished(container, { writable: false }, () => void exited.then(() => output.end()));
  container.pipe(output, { end: false });
  if (input === undefined) return;
  const detach = () => {
    onDetach?.();
    output.end();
    container.destroy();
  };
  if (input.readableEnded) container.end();
  else if (detachKeys === undefined) input.pipe(container);
  else input.pipe(watchKeys(detachKeys, detach)).pipe(container);
}

/** Reads and drops a client's input: closing a socket with unread bytes resets the connection. */
export function dropInput(client: Readable): void {
  client.unpipe();
  client.resume();
}
