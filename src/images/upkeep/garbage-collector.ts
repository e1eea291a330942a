/** Runs garbage collection only while no work holds a lease. */
export interface GarbageCollector {
  /**
   * Runs work that adds blobs and layers before anything refers to them. Garbage collection waits until the work ends.
   * If the work fails, a collection removes the leftovers afterwards.
   */
  withLease<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Requests a collection and resolves when it is done. Resolves at once if the collection has to wait for a lease
   * or for `start`.
   */
  collect(): Promise<void>;
  /** Allows collections from now on, and requests one for the next `collect`. All users must have registered their uses before. */
  start(): void;
}

/** Opens a collector that collects nothing before it is started. */
export function openGarbageCollector(collectGarbage: () => Promise<void>): GarbageCollector {
  let started = false;
  let leases = 0;
  let requested = false;
  let collecting: Promise<void> | undefined;

  async function collectNow(): Promise<void> {
    while (requested && leases === 0) {
      requested = false;
      await collectGarbage();
    }
  }

  async function collectIfIdle(): Promise<void> {
    if (!started || !requested || leases > 0) return;
    collecting ??= collectNow().finally(() => {
      collecting = undefined;
    });
    await collecting;
  }

  return {
    async withLease(work) {
      // New work must not find a blob present that the running collection is about to remove.
      while (collecting) await collecting.catch(() => {});
      leases++;
      try {
        return await work();
      } catch (error) {
        requested = true;
        throw error;
      } finally {
        leases--;
        await collectIfIdle();
      }
    },
    collect() {
      requested = true;
      return collectIfIdle();
    },
    start() {
      started = true;
      requested = true;
    },
  };
}
