import type { Database } from "bun:sqlite";
import { mkdirSync, readdirSync } from "node:fs";

/** A persistent directory of `RUN --mount=type=cache`. */
export interface CacheMount {
  /** Name of the directory below `build/caches`. */
  name: string;
  description: string;
  /** Milliseconds since the epoch. */
  created: number;
  lastUsed: number;
  uses: number;
}

export interface CacheMounts {
  all(): CacheMount[];
  /** Records a use; the directory cannot be removed until the lease is disposed of. */
  use(name: string, description: string): Disposable;
  inUse(name: string): boolean;
  remove(name: string): void;
  /** Returns the path relative to the store. */
  path(name: string): string;
}

interface Row {
  name: string;
  description: string;
  created: number;
  last_used: number;
  uses: number;
}

export function openCacheMounts(options: {
  database: Database;
  store: string;
  /** Moves a directory of the store to the trash. */
  discard(directory: string): void;
}): CacheMounts {
  const { database, store, discard } = options;
  const below = "build/caches";
  const root = `${store}/${below}`;
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const put = database.query(
    "INSERT OR REPLACE INTO build_mounts (name, description, created, last_used, uses) VALUES ($name, $description, $created, $lastUsed, $uses)",
  );
  const drop = database.query("DELETE FROM build_mounts WHERE name = $name");
  const rows = database.query<Row, []>("SELECT * FROM build_mounts").all();
  const mounts = new Map(
    rows.map(({ last_used: lastUsed, ...row }): [string, CacheMount] => [row.name, { ...row, lastUsed }]),
  );
  const users = new Map<string, number>();
  const save = (mount: CacheMount) => {
    put.run({ ...mount });
    mounts.set(mount.name, mount);
  };
  // The directory is created before its row, so a crash can leave a directory without a row.
  for (const name of readdirSync(root)) {
    const now = Date.now();
    if (!mounts.has(name)) save({ name, description: "cache mount", created: now, lastUsed: now, uses: 0 });
  }
  return {
    all: () => [...mounts.values()],
    use(name, description) {
      const now = Date.now();
      const { created = now, uses = 0 } = mounts.get(name) ?? {};
      save({ name, description, created, lastUsed: now, uses: uses + 1 });
      users.set(name, (users.get(name) ?? 0) + 1);
      return { [Symbol.dispose]: () => void users.set(name, (users.get(name) ?? 1) - 1) };
    },
    inUse: (name) => (users.get(name) ?? 0) > 0,
    remove(name) {
      discard(`${root}/${name}`);
      drop.run({ name });
      mounts.delete(name);
    },
    path: (name) => `${below}/${name}`,
  };
}
