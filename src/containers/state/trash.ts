import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { errnoOf } from "#native/addon/failure.ts";
import type { Zygote } from "#native/zygote/zygote.ts";

/** What is to be deleted, and gone from everybody's sight already. */
export interface Trash {
  /** Sets a directory of the store aside by one rename. Throws the file system's error. */
  discard(directory: string): void;
  /** Deletes it all now. */
  empty(): Promise<void>;
}

/** Milliseconds until what was set aside is deleted: nobody waits for it, and a start does not wait behind it. */
const delay = 100;

export interface TrashOptions {
  store: string;
  zygote: Zygote;
  warn: (what: string, error: unknown) => void;
}

/** Opens the trash of a store; what an earlier daemon left in it is deleted too. */
export function openTrash({ store, zygote, warn }: TrashOptions): Trash {
  const directory = `${store}/trash`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let full = readdirSync(directory);
  const empty = async () => {
    const paths = full.map((name) => `trash/${name}`);
    full = [];
    if (paths.length === 0) return;
    try {
      await zygote.work({ operation: "remove", paths });
    } catch (error) {
      warn("empty the trash", error);
    }
  };
  if (full.length > 0) setTimeout(empty, delay);
  return {
    discard(path) {
      const name = randomUUID();
      try {
        renameSync(path, `${directory}/${name}`);
      } catch (error) {
        // Somebody has deleted it already.
        if (errnoOf(error) === "ENOENT") return;
        throw error;
      }
      if (full.push(name) === 1) setTimeout(empty, delay);
    },
    empty,
  };
}
