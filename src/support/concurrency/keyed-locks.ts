/** Exclusive locks by name. */
export interface KeyedLocks {
  /** Waits until the name is free, then holds it until the lock is disposed of. */
  acquire(name: string, signal: AbortSignal): Promise<Disposable>;
  /** Locks the first free name of `name`, `name-1`, `name-2`, … without waiting. */
  acquireFree(name: string): { name: string } & Disposable;
}

export function openKeyedLocks(): KeyedLocks {
  /** Callbacks of the waiting callers, by held name. */
  const held = new Map<string, (() => void)[]>();
  const release = (name: string) => {
    const next = held.get(name)?.shift();
    if (next) next();
    else held.delete(name);
  };
  const lock = (name: string): Disposable => ({ [Symbol.dispose]: () => release(name) });
  return {
    async acquire(name, signal) {
      signal.throwIfAborted();
      const waiting = held.get(name);
      if (!waiting) {
        held.set(name, []);
        return lock(name);
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const grant = () => resolve();
      const abort = () => {
        const at = waiting.indexOf(grant);
        if (at >= 0) waiting.splice(at, 1);
        reject(signal.reason);
      };
      waiting.push(grant);
      signal.addEventListener("abort", abort, { once: true });
      await promise;
      signal.removeEventListener("abort", abort);
      return lock(name);
    },
    acquireFree(name) {
      let free = name;
      for (let number = 1; held.has(free); number++) free = `${name}-${number}`;
      held.set(free, []);
      return { name: free, ...lock(free) };
    },
  };
}
