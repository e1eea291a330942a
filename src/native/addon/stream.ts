import { closeSync } from "node:fs";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { takeBufferShare } from "#support/buffer-share.ts";
import { addon } from "./addon.ts";

/** A byte stream with independent half-closes, and the descriptor of its other end. */
export interface StreamPair {
  stream: Duplex;
  /** Closed once it has been sent. */
  peer: number;
  /** Closes the peer; does nothing when it is closed. */
  closePeer(): void;
}

/** Bytes between the peer and the stream. A reader holds as much again. */
export const bufferSize = 64 * 1024;

/** A pair for the next stream. */
let spare: StreamPair | undefined;

/** Opens the next stream in advance: the start that needs it does not wait for the runtime's socket. */
export function prepareStream(): void {
  spare ??= createStream();
}

export function openStream(): StreamPair {
  const pair = spare ?? createStream();
  spare = undefined;
  return pair;
}

function createStream(): StreamPair {
  const share = takeBufferShare(bufferSize);
  const [own, peer] = addon().streamPair(share.bytes);
  // Bun uses `fd` and ignores `path`. Only the types require `path`.
  // A stream that nobody reads holds one chunk.
  const options = { fd: own, path: "", allowHalfOpen: true, readableHighWaterMark: 1 };
  let open = true;
  const closePeer = () => {
    if (open) closeSync(peer);
    open = false;
  };
  const stream = connect(options);
  stream.once("close", () => share[Symbol.dispose]());
  return { stream, peer, closePeer };
}

/**
 * Sends the other ends of streams and closes them here, so that a stream ends with its peer. After an error that
 * `isKept` accepts, all descriptors stay open for another attempt; after any other error all are closed.
 */
export function sendPeers<T>(
  pairs: StreamPair[],
  send: (peers: number[]) => T,
  isKept: (error: unknown) => boolean = () => false,
): T {
  try {
    const result = send(pairs.map((pair) => pair.peer));
    for (const pair of pairs) pair.closePeer();
    return result;
  } catch (error) {
    if (!isKept(error)) for (const pair of pairs) discardStream(pair);
    throw error;
  }
}

/** Closes a stream, and its other end unless the other end was sent. */
export function discardStream({ stream, closePeer }: StreamPair): void {
  stream.destroy();
  closePeer();
}

/** Returns the Unix sockets of this process whose other end has not read everything, with the memory of the unread data. */
export function unreadStreams(): Map<number, number> {
  const found = addon().unreadStreams();
  return new Map(
    found.flatMap((memory, index) => (index % 2 === 1 ? [[found[index - 1] ?? -1, memory]] : [])),
  );
}
