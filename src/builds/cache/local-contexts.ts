import { mkdirSync, readdirSync } from "node:fs";
import { openKeyedLocks } from "#support/concurrency/keyed-locks.ts";
import { openPath } from "#support/path-descriptor.ts";
import { cacheKey } from "./build-cache.ts";

/** A directory with the files that a client sent for earlier builds. */
export interface LocalContext {
  /** Name of the directory below `build/contexts`. */
  name: string;
  /** Milliseconds since the epoch. */
  created: number;
  lastUsed: number;
}

/** A directory for the files of a client, until it is disposed of. */
export interface TakenDirectory extends Disposable {
  directory: string;
  /** List of the files that the last build left, for the next one. Undefined in a new daemon or a new directory. */
  list: Uint8Array | undefined;
}

/** Directories of this builder in which the files of a client stay between builds. */
export interface LocalContexts {
  /**
   * Returns the directory for a client's directory, empty or with the files of an earlier build. Nobody else uses it until
   * it is disposed of; builds that run at the same time have directories of their own.
   */
  take(key: string): TakenDirectory;
  all(): LocalContext[];
  inUse(name: string): boolean;
  /** Removes a directory that no build uses. */
  remove(name: string): void;
  /** Returns the path relative to the store. */
  path(name: string): string;
}

/** Maximum number of kept directories; the least recently used ones are removed. */
const mostContexts = 32;
/** Maximum number of directories whose list is kept in memory. */
const mostLists = 8;

export function openLocalContexts(options: {
  store: string;
  /** Moves a directory of the store to the trash. */
  discard(directory: string): void;
}): LocalContexts {
  const below = "build/contexts";
  const root = `${options.store}/${below}`;
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const locks = openKeyedLocks();
  const used = new Set<string>();
  const lists = new Map<string, Uint8Array>();
  const contexts: LocalContexts = {
    take(key) {
      const lock = locks.acquireFree(cacheKey(["context", key]));
      const { name } = lock;
      used.add(name);
      const directory = `${root}/${name}`;
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      using opened = openPath(directory);
      opened.setTime(new Date());
      const free = contexts.all().filter((one) => !used.has(one.name));
      const oldest = free.toSorted((a, b) => a.lastUsed - b.lastUsed);
      for (const one of oldest.slice(0, Math.max(0, free.length - mostContexts))) contexts.remove(one.name);
      const list = lists.get(name);
      // A list is valid only for a user who completes it.
      lists.delete(name);
      return {
        directory,
        list,
        [Symbol.dispose]() {
          if (this.list !== undefined) lists.set(name, this.list);
          for (const oldest of lists.keys()) if (lists.size > mostLists) lists.delete(oldest);
          used.delete(name);
          lock[Symbol.dispose]();
        },
      };
    },
    all: () =>
      readdirSync(root).map((name) => {
        using directory = openPath(`${root}/${name}`);
        const { mtimeMs, birthtimeMs } = directory.status();
        return { name, created: birthtimeMs || mtimeMs, lastUsed: mtimeMs };
      }),
    inUse: (name) => used.has(name),
    remove(name) {
      if (used.has(name)) return;
      lists.delete(name);
      options.discard(`${root}/${name}`);
    },
    path: (name) => `${below}/${name}`,
  };
  return contexts;
}
