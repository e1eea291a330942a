import { closeSync, writeSync } from "node:fs";
import { addon } from "./addon.ts";
import { errnoOf } from "./failure.ts";

/** Notifier of another process about growth. Disposal signals the end. */
export interface Notifier extends Disposable {
  /** Descriptor to pass to the other process. */
  readonly peer: number;
  notify(): void;
}

export function openNotifier(): Notifier {
  const [own, peer] = addon().streamPair(64);
  const one = new Uint8Array(1);
  return {
    peer,
    notify() {
      try {
        writeSync(own, one);
      } catch (error) {
        // With a full buffer, the peer has unread notifications already; a peer that has exited needs none.
        const errno = errnoOf(error);
        if (errno !== "EAGAIN" && errno !== "EPIPE" && errno !== "ECONNRESET") throw error;
      }
    },
    [Symbol.dispose]() {
      for (const descriptor of [own, peer]) closeSync(descriptor);
    },
  };
}
