import { closeSync, writeSync } from "node:fs";
import { addon } from "./addon.ts";
import { errnoOf } from "./failure.ts";

/** Tells another process that there is more of something; its end tells that there will be nothing any more. */
export interface News extends Disposable {
  /** The other process's end, to be passed on. */
  readonly peer: number;
  tell(): void;
}

export function openNews(): News {
  const [own, peer] = addon().streamPair();
  const one = new Uint8Array(1);
  return {
    peer,
    tell() {
      try {
        writeSync(own, one);
      } catch (error) {
        // What is still unread will have it look; and who has gone needs no news.
        const errno = errnoOf(error);
        if (errno !== "EAGAIN" && errno !== "EPIPE" && errno !== "ECONNRESET") throw error;
      }
    },
    [Symbol.dispose]() {
      for (const descriptor of [own, peer]) closeSync(descriptor);
    },
  };
}
