import type { UsedDirectory } from "#native/protocol/work.ts";
import type { Warn } from "#support/log.ts";

/** Directories of removed containers, made ready for the next ones. */
export interface UsedDirectories {
  /**
   * Empties a directory in the background. `isolated`: no other process can have its files open. The next daemon deletes a
   * directory that was not emptied.
   */
  recycle(id: string, options: { isolated: boolean }): void;
  /** Takes the name of a directory that is ready; undefined if there is none. */
  take(): string | undefined;
  /** Deletes all directories. */
  drop(): Promise<void>;
}

/** Milliseconds before directories are emptied, so that the work does not delay a start. */
const delay = 50;

/** Directories that wait for a container, with those that are being emptied. */
const limit = 48;

export interface UsedDirectoriesOptions {
  /** Empties directories; returns the names of those that are ready. */
  empty(directories: UsedDirectory[]): Promise<string[]>;
  /** Deletes paths of the store. */
  remove(paths: string[]): Promise<void>;
  /** Files that the daemon writes for each container. */
  files: readonly string[];
  warn: Warn;
}

/** Opens the used directories below `containers/` in the store. */
export function openUsedDirectories({ empty, remove, files, warn }: UsedDirectoriesOptions): UsedDirectories {
  const ready: string[] = [];
  let waiting: { path: string; isolated: boolean }[] = [];
  let running: Promise<void> | undefined;
  const emptyGroup = async () => {
    const used = waiting;
    waiting = [];
    const kept = used.splice(0, limit - ready.length).map((one) => ({ ...one, files }));
    try {
      if (kept.length > 0) ready.push(...(await empty(kept)));
      if (used.length > 0) await remove(used.map(({ path }) => path));
    } catch (error) {
      warn("empty the directories of removed containers", error);
    }
  };
  /** Empties one group after the other, so that the limit holds. */
  const emptyNext = () => {
    running = (running ?? Promise.resolve()).then(emptyGroup);
  };
  return {
    recycle(id, { isolated }) {
      if (waiting.push({ path: `containers/${id}`, isolated }) === 1) setTimeout(emptyNext, delay);
    },
    take: () => ready.pop(),
    async drop() {
      await running;
      const paths = [...waiting.map(({ path }) => path), ...ready.map((name) => `containers/${name}`)];
      waiting = [];
      ready.length = 0;
      if (paths.length > 0) await remove(paths);
    },
  };
}
