import type { GrowingBlob } from "#layers/layers.ts";

/** The writer's side of a growing blob. */
export interface GrowingBlobNotifier extends GrowingBlob {
  /** Calls the listeners after more bytes were written. */
  notifyGrowth(): void;
}

export function openGrowingBlob(size: number): GrowingBlobNotifier {
  const listeners = new Set<() => void>();
  return {
    size,
    onGrowth(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    notifyGrowth() {
      for (const listener of listeners) listener();
    },
  };
}
