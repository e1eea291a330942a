import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, statfsSync } from "node:fs";
import { errnoOf } from "#native/addon/failure.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import { isFullDisk } from "#support/full-disk.ts";
import type { Warn } from "#support/log.ts";

/** Directories that wait for their deletion. */
export interface Trash {
  /**
   * Moves a directory of the store to the trash by one rename, `now` or at the `exit` of its container. Throws the file
   * system's error.
   */
  discard(directory: string, occasion?: "now" | "exit"): void;
  /** Deletes everything in the trash now. */
  empty(): Promise<void>;
}

/**
 * Milliseconds without another removal before the trash is emptied. A container that was removed at its exit waits longer:
 * more of its kind come soon, and some file systems create files slowly for seconds after others were deleted.
 */
const quietTime = { now: 100, exit: 1000 };

/** Milliseconds after which the trash is emptied although new directories arrive. */
const longestDelay = 5000;

/** Milliseconds between two looks at the trash. */
const interval = 100;

/** Number of directories, and bytes of the disk that were used up meanwhile, at which the trash is emptied. */
const mostWaiting = 1024;
const mostUsed = 64 * 1024 * 1024;

export interface TrashOptions {
  store: string;
  zygote: Zygote;
  /** Frees space on a full disk; returns false if there is none to free. */
  release: () => boolean;
  warn: Warn;
}

/** Opens the trash of a store. Directories that an earlier daemon left are deleted too. */
export function openTrash({ store, zygote, release, warn }: TrashOptions): Trash {
  const directory = `${store}/trash`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let waiting = readdirSync(directory).map((name) => `trash/${name}`);
  const empty = async () => {
    const paths = waiting;
    waiting = [];
    if (paths.length === 0) return;
    try {
      await zygote.work({ operation: "remove", paths });
    } catch (error) {
      warn("empty the trash", error);
    }
  };
  const move = (path: string) => {
    const name = randomUUID();
    renameSync(path, `${directory}/${name}`);
    return `trash/${name}`;
  };
  const discard = (path: string) => {
    try {
      return move(path);
    } catch (error) {
      if (!isFullDisk(error) || !release()) throw error;
      return move(path);
    }
  };
  let emptyAt = 0;
  const schedule = () => {
    const [latest, free] = [performance.now() + longestDelay, freeBytes(store)];
    const look = () => {
      const isFull = waiting.length >= mostWaiting || freeBytes(store) < free - mostUsed;
      if (isFull || performance.now() >= Math.min(emptyAt, latest)) void empty();
      else setTimeout(look, interval);
    };
    setTimeout(look, interval);
  };
  if (waiting.length > 0) schedule();
  return {
    discard(path, occasion = "now") {
      try {
        const isFirst = waiting.push(discard(path)) === 1;
        emptyAt = performance.now() + quietTime[occasion];
        if (isFirst) schedule();
      } catch (error) {
        // The directory was deleted before.
        if (errnoOf(error) !== "ENOENT") throw error;
      }
    },
    empty,
  };
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
