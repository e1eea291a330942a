import type { Warn } from "../log.ts";

/** Adds a task whose failure becomes a warning; `name` says what failed. */
export type Defer = (name: string, task: () => unknown) => void;

/** Work that no request waits for, and that would delay the daemon's first answers. */
export interface DeferredWork extends Disposable {
  /** Adds a task. The tasks run one at a time, in the order in which they were added. */
  defer: Defer;
}

/** Runs tasks after `delay` milliseconds. Disposing of the result drops the tasks that have not begun. */
export function openDeferredWork(delay: number, warn: Warn): DeferredWork {
  const tasks: Parameters<Defer>[] = [];
  let stopped = false;
  let idle = false;
  const run = async () => {
    idle = false;
    for (let next = tasks.shift(); next && !stopped; next = tasks.shift()) {
      const [name, task] = next;
      try {
        await task();
      } catch (error) {
        warn(name, error);
      }
      // Requests that arrived during the task come first.
      await new Promise(setImmediate);
    }
    idle = true;
  };
  const timer = setTimeout(() => void run(), delay).unref();
  return {
    defer(name, task) {
      tasks.push([name, task]);
      if (idle) void run();
    },
    [Symbol.dispose]() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
