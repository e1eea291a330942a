/** A queue with several producers and one consumer. */
export interface AsyncQueue<T> {
  push(value: T): void;
  /** Number of pushed values that the consumer has not read. */
  readonly waiting: number;
  /** Resolves when few values are unread, or the signal aborts. A producer of many values awaits it after each one. */
  room(signal: AbortSignal): Promise<void>;
  /** Yields the pushed values until `work` settles and the queue is empty; then throws the error of `work`, if any. */
  during(work: Promise<unknown>): AsyncGenerator<T>;
}

/** Number of unread values at which `room` waits. */
const mostWaiting = 16;

export function createAsyncQueue<T>(): AsyncQueue<T> {
  const values: T[] = [];
  let wake = Promise.withResolvers<void>();
  let read = Promise.withResolvers<void>();
  let closed = false;
  const take = () => {
    const value = values.shift() as T;
    read.resolve();
    read = Promise.withResolvers();
    return value;
  };
  return {
    push(value) {
      values.push(value);
      wake.resolve();
    },
    get waiting() {
      return values.length;
    },
    async room(signal) {
      const aborted = Promise.withResolvers<void>();
      const abort = () => aborted.resolve();
      signal.addEventListener("abort", abort, { once: true });
      while (values.length >= mostWaiting && !closed && !signal.aborted) {
        await Promise.race([read.promise, aborted.promise]);
      }
      signal.removeEventListener("abort", abort);
    },
    async *during(work) {
      let settled = false;
      const settle = () => {
        settled = true;
        wake.resolve();
      };
      work.then(settle, settle);
      try {
        for (;;) {
          // The promise is replaced before the queue is drained, so that no push in between is missed.
          wake = Promise.withResolvers<void>();
          while (values.length > 0) yield take();
          if (settled && values.length === 0) break;
          await wake.promise;
        }
      } finally {
        closed = true;
        read.resolve();
      }
      await work;
    },
  };
}
