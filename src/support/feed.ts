/** Values pushed by several tasks and read by one. */
export interface Feed<T> {
  push(value: T): void;
  /** What was pushed, until `work` has settled; then its failure, if it failed. */
  during(work: Promise<unknown>): AsyncGenerator<T>;
}

export function openFeed<T>(): Feed<T> {
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
        // Everything is taken before the wait, so a push in between is never slept through.
        wake = Promise.withResolvers<void>();
        while (values.length > 0) yield values.shift() as T;
        if (settled && values.length === 0) break;
        await wake.promise;
      }
      await work;
    },
  };
}
