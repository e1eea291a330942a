import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { errnoOf } from "#native/addon/failure.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import { rescued } from "#support/full-disk.ts";
import type { Warn } from "#support/log.ts";

/** Directories that wait for their deletion. */
export interface Trash {
  /** Moves a directory of the store to the trash by one rename. Throws the file system's error. */
  discard(directory: string): void;
  /** Deletes everything in the trash now. */
  empty(): Promise<void>;
}

/** Milliseconds before the trash is emptied, so that a deletion does not delay a start. */
const emptyDelay = 100;

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
  if (waiting.length > 0) setTimeout(empty, emptyDelay);
  return {
    discard(path) {
      try {
        const moved = rescued(() => move(path), release);
        if (waiting.push(moved) === 1) setTimeout(empty, emptyDelay);
      } catch (error) {
        // The directory was deleted before.
        if (errnoOf(error) !== "ENOENT") throw error;
      }
    },
    empty,
  };
}
