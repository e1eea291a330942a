/** Function that joins the running call with the same key, or starts a call. */
export type SingleFlight<Key, Value> = (key: Key, start: () => Promise<Value>) => Promise<Value>;

/** Returns a function under which concurrent calls with the same key share one promise; results are not cached. */
export function createSingleFlight<Key, Value = void>(): SingleFlight<Key, Value> {
  const running = new Map<Key, Promise<Value>>();
  return (key, start) => {
    const joined = running.get(key);
    if (joined) return joined;
    const started = start().finally(() => {
      running.delete(key);
    });
    running.set(key, started);
    return started;
  };
}
