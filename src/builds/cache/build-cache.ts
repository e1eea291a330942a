import type { Database } from "bun:sqlite";
import { type DiffId, parseDiffId } from "#oci/digest.ts";

/** The result of a step. */
export interface CachedStep {
  /** Hash of everything the result depends on. */
  key: string;
  /** What it left; nothing when no file was changed. */
  diffId?: DiffId;
  description: string;
  /** Milliseconds since the epoch. */
  created: number;
  lastUsed: number;
  uses: number;
}

/** Results of steps by key. */
export interface BuildCache {
  find(key: string): CachedStep | undefined;
  add(step: Pick<CachedStep, "key" | "diffId" | "description" | "created">): void;
  /** Notes that a result served again. */
  use(step: CachedStep): void;
  all(): CachedStep[];
  remove(key: string): void;
  keeps(diffId: string): boolean;
}

interface Row {
  key: string;
  diff_id: string | null;
  description: string;
  created: number;
  last_used: number;
  uses: number;
}

export function openBuildCache(database: Database): BuildCache {
  database.run(
    "CREATE TABLE IF NOT EXISTS build_cache (key TEXT PRIMARY KEY, diff_id TEXT, description TEXT NOT NULL, created INTEGER NOT NULL, last_used INTEGER NOT NULL, uses INTEGER NOT NULL) STRICT",
  );
  const put = database.query(
    "INSERT OR REPLACE INTO build_cache (key, diff_id, description, created, last_used, uses) VALUES ($key, $diffId, $description, $created, $lastUsed, $uses)",
  );
  const drop = database.query("DELETE FROM build_cache WHERE key = $key");
  const steps = new Map<string, CachedStep>();
  /** How many results are each layer. */
  const layers = new Map<string, number>();
  const count = (diffId: DiffId | undefined, change: number) => {
    if (diffId !== undefined) layers.set(diffId, (layers.get(diffId) ?? 0) + change);
  };
  for (const row of database.query<Row, []>("SELECT * FROM build_cache").all()) {
    const { key, diff_id, description, created, last_used: lastUsed, uses } = row;
    const step = { key, description, created, lastUsed, uses };
    const diffId = diff_id === null ? undefined : parseDiffId(diff_id);
    steps.set(key, diffId === undefined ? step : { ...step, diffId });
    count(diffId, 1);
  }
  const save = (step: CachedStep) => {
    put.run({ ...step, diffId: step.diffId ?? null });
    steps.set(step.key, step);
  };
  const remove = (key: string) => {
    count(steps.get(key)?.diffId, -1);
    drop.run({ key });
    steps.delete(key);
  };
  return {
    find: (key) => steps.get(key),
    add(step) {
      if (steps.has(step.key)) remove(step.key);
      save({ ...step, lastUsed: Date.now(), uses: 0 });
      count(step.diffId, 1);
    },
    use: (step) => save({ ...step, lastUsed: Date.now(), uses: step.uses + 1 }),
    all: () => [...steps.values()],
    remove,
    keeps: (diffId) => (layers.get(diffId) ?? 0) > 0,
  };
}

/** Hashes what a result depends on. */
export function cacheKey(parts: unknown): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(parts)).digest("hex");
}
