/** Work that nothing waits for, in the order of the calls. */
export interface Soon {
  /** Runs a function when the event loop is free: after the current request, and before the next one. */
  run(task: () => void): void;
  /** Runs the waiting functions now. */
  flush(): void;
}

/** Opens an empty queue. A function that throws ends the process like any other uncaught error. */
export function openSoon(): Soon {
  let waiting: (() => void)[] = [];
  const flush = () => {
    const tasks = waiting;
    waiting = [];
    for (const task of tasks) task();
  };
  return {
    run(task) {
      if (waiting.push(task) === 1) setImmediate(flush);
    },
    flush,
  };
}
