import { closeSync } from "node:fs";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { addon } from "./addon.ts";

/** A byte stream, half of which may end before the other, and the descriptor of its other end. */
export interface StreamPair {
  stream: Duplex;
  /** Closed once it was passed on. */
  peer: number;
}

export function openStream(): StreamPair {
  const [own, peer] = addon().streamPair();
  // Bun takes `fd` and ignores the path, which only the types ask for.
  const options = { fd: own, path: "", allowHalfOpen: true };
  return { stream: connect(options), peer };
}

/**
 * Passes the other ends on, then closes them here, so that the stream ends when the peer is gone. After a failure
 * that `isKept` knows all stays open, for another attempt.
 */
export function passOn<T>(
  pairs: StreamPair[],
  send: (peers: number[]) => T,
  isKept: (error: unknown) => boolean = () => false,
): T {
  try {
    const result = send(pairs.map((pair) => pair.peer));
    for (const { peer } of pairs) closeSync(peer);
    return result;
  } catch (error) {
    if (!isKept(error)) for (const pair of pairs) discardStream(pair);
    throw error;
  }
}

/** Ends a stream that nobody was given the other end of. */
export function discardStream({ stream, peer }: StreamPair): void {
  stream.destroy();
  closeSync(peer);
}
