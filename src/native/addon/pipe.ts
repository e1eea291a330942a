import { closeSync } from "node:fs";
import { takeBufferShare } from "#support/buffer-share.ts";
import { addon } from "./addon.ts";
import { bufferSize } from "./stream.ts";

/** Descriptors of the two ends of a byte stream between processes. */
export interface Pipe {
  /** End to write to. */
  input: number;
  /** End to read from. */
  output: number;
  /** Closes an end; does nothing when it is closed. */
  close(end: "input" | "output"): void;
}

export function openPipe(): Pipe {
  // A worker writes to the peer, which blocks; the other end does not block, and its reader polls.
  const share = takeBufferShare(bufferSize);
  const [output, input] = addon().streamPair(share.bytes);
  const open = new Map([
    ["input", input],
    ["output", output],
  ]);
  return {
    input,
    output,
    close(end) {
      const descriptor = open.get(end);
      open.delete(end);
      if (descriptor !== undefined) closeSync(descriptor);
      if (end === "output") share[Symbol.dispose]();
    },
  };
}
