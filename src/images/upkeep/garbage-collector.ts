/** Lets garbage be collected only while nobody brings in what nothing refers to yet. */
export interface Keeper {
  /** Runs work that brings something in; what it leaves when it fails is collected after. */
  protect<T>(work: () => Promise<T>): Promise<T>;
  /** Collects as soon as nobody is at work. Resolves when it is done, or at once when that is later. */
  collect(): Promise<void>;
}

export function openKeeper(collectGarbage: () => Promise<void>): Keeper {
  let workers = 0;
  let wanted = false;
  let collecting: Promise<void> | undefined;

  async function collectNow(): Promise<void> {
    while (wanted && workers === 0) {
      wanted = false;
      await collectGarbage();
    }
  }

  async function collectIfIdle(): Promise<void> {
    if (!wanted || workers > 0) return;
    // Whoever comes meanwhile waits: what is about to be removed must not be taken for present.
    collecting ??= collectNow().finally(() => {
      collecting = undefined;
    });
    await collecting;
  }

  return {
    async protect(work) {
      while (collecting) await collecting.catch(() => {});
      workers++;
      try {
        return await work();
      } catch (error) {
        wanted = true;
        throw error;
      } finally {
        workers--;
        await collectIfIdle();
      }
    },
    collect() {
      wanted = true;
      return collectIfIdle();
    },
  };
}
