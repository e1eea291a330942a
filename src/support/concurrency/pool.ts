/** Pool of objects that take long to create. Creates some of them in advance. */
export interface Pool<T> {
  /** Returns a ready object, if there is one, and schedules its replacement. */
  take(): T | undefined;
  /** Returns the object that the next `take` returns, if one is ready. */
  peek(): T | undefined;
  /** Adds an object that was used and is as good as a new one; returns false if there are enough. */
  add(one: T): boolean;
  /** Drops the ready objects that fail the test. */
  keep(test: (one: T) => boolean): void;
  /** Schedules the creation of the missing objects. */
  fill(): void;
  close(): void;
}

export interface PoolOptions<T> {
  create: () => Promise<T>;
  /** Number of objects kept ready. */
  size: number;
  /**
   * Milliseconds without a `take` before the next creation, so that it does not compete with urgent work; at most ten times as
   * long if there is always such work.
   */
  delay: number;
  /** Milliseconds before the next attempt after a failed creation. */
  retryDelay: number;
}

export function openPool<T>({ create, size, delay, retryDelay }: PoolOptions<T>): Pool<T> {
  let ready: T[] = [];
  let timer: Timer | undefined;
  let creating = false;
  let closed = false;
  /** Time since which objects are missing and none was created. */
  let missingSince: number | undefined;
  const schedule = (wait: number) => {
    clearTimeout(timer);
    if (closed || ready.length >= size) {
      missingSince = undefined;
      return;
    }
    missingSince ??= performance.now();
    const latest = missingSince + Math.max(wait, 10 * delay) - performance.now();
    timer = setTimeout(createOne, Math.max(0, Math.min(wait, latest))).unref();
  };
  /** Creates one object at a time. */
  const createOne = async () => {
    if (creating || closed) return;
    creating = true;
    missingSince = undefined;
    let wait = 0;
    try {
      ready.push(await create());
    } catch {
      // A caller that finds the pool empty creates its own object and gets the error.
      wait = retryDelay;
    }
    creating = false;
    schedule(wait);
  };
  return {
    take() {
      const taken = ready.shift();
      schedule(delay);
      return taken;
    },
    peek: () => ready[0],
    add(one) {
      if (closed || ready.length >= size) return false;
      ready.push(one);
      schedule(delay);
      return true;
    },
    keep(test) {
      ready = ready.filter(test);
      schedule(delay);
    },
    fill: () => schedule(0),
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
