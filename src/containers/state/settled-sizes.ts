import { type ContainerRecord, isRunning } from "./container-record.ts";

/**
 * Cached disk usage of containers that do not run. Only a start, and work on a container's files, can change it.
 */
export class SettledSizes {
  readonly #sizes = new WeakMap<ContainerRecord, { state: ContainerRecord["state"]; size: number }>();
  readonly #work = new WeakMap<ContainerRecord, number>();

  /** Returns the bytes of a container; undefined if they are not known. */
  get(record: ContainerRecord): number | undefined {
    const known = this.#sizes.get(record);
    // Each start and each exit replaces the state.
    return known?.state === record.state && !isRunning(record) ? known.size : undefined;
  }

  /** Forgets the size of a container. Call it before and after work that may write the container's files. */
  forget(record: ContainerRecord): void {
    this.#work.set(record, this.#workOn(record) + 1);
    this.#sizes.delete(record);
  }

  /** Returns a function that keeps the measured size, unless the container has changed since this call. */
  measuring(record: ContainerRecord): (size: number) => void {
    const { state } = record;
    const work = this.#workOn(record);
    return (size) => {
      if (record.state === state && this.#workOn(record) === work) this.#sizes.set(record, { state, size });
    };
  }

  #workOn(record: ContainerRecord): number {
    return this.#work.get(record) ?? 0;
  }
}
