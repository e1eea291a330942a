import type { Database } from "bun:sqlite";
import { type DiffId, parseDiffId } from "#oci/digest.ts";
import type { UsageRegister } from "#support/usage-register.ts";

/** The cached result of a step. */
export interface CachedStep {
  /** Hash of everything that the result depends on. */
  key: string;
  /** Layer with the changes; absent when no file changed. */
  diffId?: DiffId;
  description: string;
  /** Milliseconds since the epoch. */
  created: number;
  lastUsed: number;
  uses: number;
}

/** Results of steps by cache key. */
export interface BuildCache {
  find(key: string): CachedStep | undefined;
  add(step: Pick<CachedStep, "key" | "diffId" | "description" | "created">): void;
  /** Records a cache hit. */
  use(step: CachedStep): void;
  all(): CachedStep[];
  remove(key: string): void;
}

interface Row {
  key: string;
  diff_id: string | null;
  description: string;
  created: number;
  last_used: number;
  uses: number;
}

/** Opens the cache and registers the layers of its results as used. */
export function openBuildCache(database: Database, uses: UsageRegister<"layer">): BuildCache {
  const put = database.query(
    "INSERT OR REPLACE INTO build_cache (key, diff_id, description, created, last_used, uses) VALUES ($key, $diffId, $description, $created, $lastUsed, $uses)",
  );
  const drop = database.query("DELETE FROM build_cache WHERE key = $key");
  const steps = new Map<string, CachedStep>();
  const register = ({ key, diffId, description }: CachedStep) => {
    const user = { id: userId(key), name: description };
    uses.register(user, diffId === undefined ? [] : [{ kind: "layer", key: diffId, active: false }]);
  };
  for (const row of database.query<Row, []>("SELECT * FROM build_cache").all()) {
    const { key, diff_id, description, created, last_used: lastUsed } = row;
    const layer = diff_id === null ? {} : { diffId: parseDiffId(diff_id) };
    const step = { key, ...layer, description, created, lastUsed, uses: row.uses };
    steps.set(key, step);
    register(step);
  }
  const save = (step: CachedStep) => {
    put.run({ ...step, diffId: step.diffId ?? null });
    steps.set(step.key, step);
    register(step);
  };
  const remove = (key: string) => {
    drop.run({ key });
    steps.delete(key);
    uses.withdraw(userId(key));
  };
  return {
    find: (key) => steps.get(key),
    add: (step) => save({ ...step, lastUsed: Date.now(), uses: 0 }),
    use: (step) => save({ ...step, lastUsed: Date.now(), uses: step.uses + 1 }),
    all: () => [...steps.values()],
    remove,
  };
}

function userId(key: string): string {
  return `build-cache ${key}`;
}

/** Hashes the parts that a result depends on. */
export function cacheKey(parts: unknown): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(parts)).digest("hex");
}
