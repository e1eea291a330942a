/** Function that runs a task as soon as a slot is free. */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>;

/** Returns a semaphore that runs at most `slots` tasks at the same time, in the order of the calls. */
export function createLimit(slots: number): Limit {
  let free = slots;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    try {
      return await task();
    } finally {
      // A waiting task inherits the slot, so a later call cannot overtake it.
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
