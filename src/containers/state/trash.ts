import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { errnoOf } from "#native/addon/failure.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
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
  warn: Warn;
}

/** Opens the trash of a store. Directories that an earlier daemon left are deleted too. */
export function openTrash({ store, zygote, warn }: TrashOptions): Trash {
  const directory = `${store}/trash`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let names = readdirSync(directory);
  const empty = async () => {
    const paths = names.map((name) => `trash/${name}`);
    names = [];
    if (paths.length === 0) return;
    try {
      await zygote.work({ operation: "remove", paths });
    } catch (error) {
      warn("empty the trash", error);
    }
  };
  if (names.length > 0) setTimeout(empty, emptyDelay);
  return {
    discard(path) {
      const name = randomUUID();
      try {
        renameSync(path, `${directory}/${name}`);
      } catch (error) {
        // The directory was deleted before.
        if (errnoOf(error) === "ENOENT") return;
        throw error;
      }
      if (names.push(name) === 1) setTimeout(empty, emptyDelay);
    },
    empty,
  };
}
