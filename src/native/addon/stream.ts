import { closeSync } from "node:fs";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { addon } from "./addon.ts";

/** A byte stream with independent half-closes, and the descriptor of its other end. */
export interface StreamPair {
  stream: Duplex;
  /** Closed once it has been sent. */
  peer: number;
}

export function openStream(): StreamPair {
  const [own, peer] = addon().streamPair();
  // Bun uses `fd` and ignores `path`, which only the types require.
  const options = { fd: own, path: "", allowHalfOpen: true };
  return { stream: connect(options), peer };
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
    for (const { peer } of pairs) closeSync(peer);
    return result;
  } catch (error) {
    if (!isKept(error)) for (const pair of pairs) discardStream(pair);
    throw error;
  }
}

/** Closes both ends of a stream that was never sent. */
export function discardStream({ stream, peer }: StreamPair): void {
  stream.destroy();
  closeSync(peer);
}
