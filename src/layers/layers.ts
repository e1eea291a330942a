import type { Database } from "bun:sqlite";
import { mkdirSync, readdirSync, statfsSync } from "node:fs";
import { openNews } from "#native/addon/notifier.ts";
import type { Unpacked, UnpackLimits } from "#native/zygote/protocol.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import { type DiffId, parseDiffId, splitDigest } from "#oci/digest.ts";
import { createLimit } from "#support/concurrency/limit.ts";
import { createSerialQueue } from "#support/concurrency/serial-queue.ts";
import { createSingleFlight } from "#support/concurrency/single-flight.ts";
import { errorChain } from "#support/errors.ts";

/** Gives a blob's descriptor for as long as `use` runs; of a file that is still being written also its arrival. */
export type WithBlob = <T>(use: (descriptor: number, arrival?: Arrival) => Promise<T>) => Promise<T>;

/** How a blob comes that is still being written. */
export interface Arrival {
  /** Bytes that it will have. */
  readonly size: number;
  /** Has a listener told whenever there is more of it, until it is disposed of. */
  onMore(listener: () => void): Disposable;
}

export interface UnpackOptions {
  signal?: AbortSignal;
  /** Called with the compressed bytes consumed so far. */
  onProgress?: (bytes: number) => void;
}

/** Unpacked layers, one directory per diffID, shared by all images. */
export interface Layers {
  has(diffId: DiffId): boolean;
  /** Bytes of the files in the layer, as its archive says; 0 when it is not here. */
  size(diffId: DiffId): number;
  /** Unpacks a layer unless it is here; callers at the same time share one unpacking. */
  ensure(diffId: DiffId, blob: WithBlob, options?: UnpackOptions): Promise<void>;
  /** Unpacks a layer whose diffID is not known beforehand. */
  adopt(blob: WithBlob, options?: UnpackOptions): Promise<DiffId>;
  /**
   * Makes an upper directory of the store a layer, with its blob, and moves it away; nothing when it is empty.
   * It survives a loss of power only once `settle` has resolved.
   */
  keep(upper: string, options?: KeepOptions): Promise<DiffId | undefined>;
  settle(): Promise<void>;
  /** Whether a layer is on the disk as its blob says, found by unpacking it once more beside. */
  verify(diffId: DiffId, blob: WithBlob, options?: UnpackOptions): Promise<boolean>;
  remove(diffIds: DiffId[]): Promise<void>;
  list(): DiffId[];
  /** Bytes on the disk, as `du` counts them, by layer. */
  diskUsage(): Promise<Map<DiffId, number>>;
  /** Drops directories that are no layer and what unpackings have left. None may be running. */
  sweep(): Promise<void>;
}

export interface KeepOptions {
  /** Later times of modification become this one, in seconds since the epoch. */
  latest?: number;
  /** Its directories hide nothing of those in the layers below. */
  merge?: boolean;
}

export interface LayersOptions {
  database: Database;
  store: string;
  zygote: Zygote;
  /** Told of what an archive held and a layer cannot: devices, foreign owners. */
  warn: (message: string) => void;
}

/** Free bytes that an unpacking must leave. */
const reserve = 64 * 1024 * 1024;
const mostEntries = 2_000_000;
/** Unpackings at the same time, as many as downloads: each keeps more than one core busy, or waits for its bytes. */
const width = 3;

export async function openLayers({ database, store, zygote, warn }: LayersOptions): Promise<Layers> {
  for (const path of ["layers/sha256", "layers/.staging"]) {
    mkdirSync(`${store}/${path}`, { recursive: true, mode: 0o700 });
  }
  database.run(
    "CREATE TABLE IF NOT EXISTS layers (diff_id TEXT PRIMARY KEY, size INTEGER NOT NULL, owners_kept INTEGER NOT NULL) STRICT",
  );
  const insert = database.query(
    "INSERT OR REPLACE INTO layers (diff_id, size, owners_kept) VALUES ($diffId, $size, $ownersKept)",
  );
  const forget = database.query("DELETE FROM layers WHERE diff_id = $diffId");
  const sizes = new Map<DiffId, number>();
  const share = createSingleFlight<DiffId>();
  let unsettled: Unpacked[] = [];
  const inTurn = createSerialQueue();
  const queue = createLimit(width);
  const occupied = new Map<DiffId, number>();

  readRows();
  await sweep();

  function readRows(): void {
    const onDisk = new Set(readdirSync(`${store}/layers/sha256`));
    const rows = database
      .query<{ diff_id: string; size: number; owners_kept: number }, []>("SELECT * FROM layers")
      .all();
    const spoilt: DiffId[] = [];
    for (const row of rows) {
      const diffId = parseDiffId(row.diff_id);
      // Unpacked when there was one id only; now that there are more, the owners would be wrong.
      const outdated = row.owners_kept === 0 && zygote.mapping.mode === "range";
      if (onDisk.has(splitDigest(diffId).hex) && !outdated) sizes.set(diffId, row.size);
      else spoilt.push(diffId);
    }
    for (const diffId of spoilt) forget.run({ diffId });
  }

  async function sweep(): Promise<void> {
    const onDisk = readdirSync(`${store}/layers/sha256`);
    const staged = readdirSync(`${store}/layers/.staging`).map((name) => `layers/.staging/${name}`);
    const orphans = onDisk.filter((hex) => !sizes.has(`sha256:${hex}` as DiffId));
    const paths = [...staged, ...orphans.map((hex) => `layers/sha256/${hex}`)];
    if (paths.length > 0) await zygote.work({ operation: "remove", paths });
  }

  function limitsNow(): UnpackLimits {
    const { bavail, bsize } = statfsSync(store);
    return { bytes: Math.max(0, bavail * bsize - reserve), entries: mostEntries };
  }

  async function unpack(
    diffId: DiffId | undefined,
    blob: WithBlob,
    options: UnpackOptions,
  ): Promise<Unpacked> {
    const limits = limitsNow();
    const request = { operation: "unpack" as const, limits, ...(diffId === undefined ? {} : { diffId }) };
    const work = async (source: number, arrival?: Arrival) => {
      if (arrival === undefined) return await zygote.work(request, { source, ...options });
      // Whatever comes of it, its end has the worker wait no longer.
      using news = openNews();
      using _ = arrival.onMore(news.tell);
      const arriving = { ...request, arriving: arrival.size };
      return await zygote.work(arriving, { source, news: news.peer, ...options });
    };
    const unpacked = await queue(() => blob(work));
    for (const warning of unpacked.warnings) warn(`layer ${unpacked.diffId}: ${warning}`);
    record(unpacked);
    return unpacked;
  }

  function record({ diffId, size, ownersKept }: Unpacked): void {
    insert.run({ diffId, size, ownersKept: Number(ownersKept) });
    sizes.set(parseDiffId(diffId), size);
  }

  async function settle(): Promise<void> {
    const kept = unsettled;
    unsettled = [];
    if (kept.length === 0) return;
    try {
      await zygote.work({ operation: "sync" });
    } catch (error) {
      unsettled.push(...kept);
      throw error;
    }
    for (const one of kept) if (sizes.has(parseDiffId(one.diffId))) record(one);
  }

  return {
    has: (diffId) => sizes.has(diffId),
    size: (diffId) => sizes.get(diffId) ?? 0,
    ensure(diffId, blob, options = {}) {
      if (sizes.has(diffId)) return Promise.resolve();
      return share(diffId, async () => {
        await unpack(diffId, blob, options);
      });
    },
    async adopt(blob, options = {}) {
      return parseDiffId((await unpack(undefined, blob, options)).diffId);
    },
    async keep(upper, keepOptions = {}) {
      const kept = await zygote.work({ operation: "keep", upper, ...keepOptions });
      if (!kept) return undefined;
      const diffId = parseDiffId(kept.diffId);
      if (!sizes.has(diffId)) {
        unsettled.push(kept);
        sizes.set(diffId, kept.size);
      }
      return diffId;
    },
    settle: () => inTurn(settle),
    verify(diffId, blob, options = {}) {
      const request = { operation: "verify" as const, diffId, limits: limitsNow() };
      return queue(() => blob((source) => zygote.work(request, { source, ...options })));
    },
    async remove(diffIds) {
      for (const diffId of diffIds) {
        sizes.delete(diffId);
        occupied.delete(diffId);
        forget.run({ diffId });
      }
      const paths = diffIds.map(pathOf);
      if (paths.length === 0) return;
      await zygote.work({ operation: "remove", paths }).catch((error) => {
        // The rows are gone, so the next start finds what is left.
        warn(`remove layers: ${errorChain(error)}`);
      });
    },
    list: () => [...sizes.keys()],
    async diskUsage() {
      const unknown = [...sizes.keys()].filter((diffId) => !occupied.has(diffId));
      if (unknown.length > 0) {
        const measured = await zygote.work({ operation: "measure", paths: unknown.map(pathOf) });
        // A layer never changes, so it is measured once.
        for (const [index, diffId] of unknown.entries()) occupied.set(diffId, measured[index]?.bytes ?? 0);
      }
      return new Map([...sizes.keys()].map((diffId) => [diffId, occupied.get(diffId) ?? 0]));
    },
    sweep,
  };
}

function pathOf(diffId: DiffId): string {
  return `layers/sha256/${splitDigest(diffId).hex}`;
}
