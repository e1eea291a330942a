/** Function that runs an operation after all earlier operations have settled. */
export type SerialQueue = <T>(operation: () => Promise<T>) => Promise<T>;

/** Returns a queue that runs operations one at a time in the order of the calls; a failure does not stop it. */
export function createSerialQueue(): SerialQueue {
  let last: Promise<unknown> = Promise.resolve();
  return (operation) => {
    const turn = last.then(operation);
    last = turn.catch(() => {});
    return turn;
  };
}
