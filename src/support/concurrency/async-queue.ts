/** An unbounded queue with several producers and one consumer. */
export interface AsyncQueue<T> {
  push(value: T): void;
  /** Yields the pushed values until `work` settles and the queue is empty; then throws the error of `work`, if any. */
  during(work: Promise<unknown>): AsyncGenerator<T>;
}

export function createAsyncQueue<T>(): AsyncQueue<T> {
  const values: T[] = [];
  let wake = Promise.withResolvers<void>();
  return {
    push(value) {
      values.push(value);
      wake.resolve();
    },
    async *during(work) {
      let settled = false;
      const settle = () => {
        settled = true;
        wake.resolve();
      };
      work.then(settle, settle);
      for (;;) {
        // The promise is replaced before the queue is drained, so that no push in between is missed.
        wake = Promise.withResolvers<void>();
        while (values.length > 0) yield values.shift() as T;
        if (settled && values.length === 0) break;
        await wake.promise;
      }
      await work;
    },
  };
}
