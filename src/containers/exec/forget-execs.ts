import type { ExecState } from "./start-exec.ts";

/** Milliseconds for which an ended exec can be inspected. Docker keeps it for five to ten minutes. */
const keptAfterExit = 600_000;

/** Maximum number of ended execs: many short ones in ten minutes would otherwise fill the memory. */
const mostEnded = 10_000;

/** Milliseconds between two searches for execs to forget. */
const interval = 10_000;

interface ForgetOptions {
  /** Monotonic time in milliseconds. */
  now: () => number;
  /** Returns whether a container exists. */
  exists: (containerId: string) => boolean;
}

/**
 * Returns a function that forgets the execs of removed containers and those that ended long ago. The states are in the order
 * of their creation. Most calls only look at the clock.
 */
export function createForgetting(states: Map<string, ExecState>, { now, exists }: ForgetOptions): () => void {
  let next = now();
  return () => {
    const time = now();
    if (time < next) return;
    next = time + interval;
    let ended = 0;
    for (const { endedAt } of states.values()) if (endedAt !== undefined) ended++;
    for (const [id, { record, endedAt }] of states) {
      const isOld = endedAt !== undefined && (ended > mostEnded || time - endedAt > keptAfterExit);
      if (isOld) ended--;
      if (isOld || !exists(record.containerId)) states.delete(id);
    }
  };
}
