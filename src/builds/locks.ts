/** Who has a name to himself, or shares it. */
export interface Locks {
  /** Waits until nobody has the name, and has it until disposed of. */
  alone(name: string, signal: AbortSignal): Promise<Disposable>;
  /** The first of `name`, `name-1`, `name-2`, … that nobody has. */
  spare(name: string): { name: string } & Disposable;
}

export function openLocks(): Locks {
  const taken = new Map<string, (() => void)[]>();
  const release = (name: string) => {
    const next = taken.get(name)?.shift();
    if (next) next();
    else taken.delete(name);
  };
  const lease = (name: string): Disposable => ({ [Symbol.dispose]: () => release(name) });
  return {
    async alone(name, signal) {
      signal.throwIfAborted();
      const waiting = taken.get(name);
      if (!waiting) {
        taken.set(name, []);
        return lease(name);
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const give = () => resolve();
      const leave = () => {
        const at = waiting.indexOf(give);
        if (at >= 0) waiting.splice(at, 1);
        reject(signal.reason);
      };
      waiting.push(give);
      signal.addEventListener("abort", leave, { once: true });
      await promise;
      signal.removeEventListener("abort", leave);
      return lease(name);
    },
    spare(name) {
      let free = name;
      for (let number = 1; taken.has(free); number++) free = `${name}-${number}`;
      taken.set(free, []);
      return { name: free, [Symbol.dispose]: () => release(free) };
    },
  };
}
