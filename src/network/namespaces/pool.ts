/** Things that take long to make, some of which are ready. */
export interface Pool<T> {
  /** One that is ready; others are made when there is time. */
  take(): T | undefined;
  /** The one that comes next, if it is ready. */
  peek(): T | undefined;
  /** Forgets those that do not pass. */
  keep(test: (one: T) => boolean): void;
  /** Makes what is missing, soon. */
  fill(): void;
  close(): void;
}

export interface PoolOptions<T> {
  make: () => Promise<T>;
  /** How many are to be ready. */
  size: number;
  /** Milliseconds of quiet before another is made: a start is not to share a processor with it. */
  delay: number;
  /** Milliseconds before another attempt when one could not be made. */
  pause: number;
}

export function openPool<T>({ make, size, delay, pause }: PoolOptions<T>): Pool<T> {
  let ready: T[] = [];
  let timer: Timer | undefined;
  let making = false;
  let closed = false;
  const schedule = (wait: number) => {
    clearTimeout(timer);
    if (!closed && ready.length < size) timer = setTimeout(work, wait).unref();
  };
  /** One after the other: the kernel makes them no faster together. */
  const work = async () => {
    if (making || closed) return;
    making = true;
    let wait = 0;
    try {
      ready.push(await make());
    } catch {
      // Whoever needs one makes it, and hears of it.
      wait = pause;
    }
    making = false;
    schedule(wait);
  };
  return {
    take() {
      const taken = ready.shift();
      schedule(delay);
      return taken;
    },
    peek: () => ready[0],
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
