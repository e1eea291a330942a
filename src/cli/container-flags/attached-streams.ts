import type { StreamName } from "../values/stream-name.ts";

/** Returns the streams to attach: those of `--attach`, or else the defaults that follow from the other flags. */
export function attachedStreams(asked: StreamName[], interactive: boolean, detach: boolean): Set<StreamName> {
  if (asked.length > 0) return new Set(asked);
  if (detach) return new Set();
  return new Set(interactive ? ["stdin", "stdout", "stderr"] : ["stdout", "stderr"]);
}
