import type { Arrival } from "#layers/layers.ts";

/** A blob on its way here. */
export interface Incoming extends Arrival {
  /** More of it has been written. */
  more(): void;
}

export function openArrival(size: number): Incoming {
  const listeners = new Set<() => void>();
  return {
    size,
    onMore(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    more() {
      for (const listener of listeners) listener();
    },
  };
}
