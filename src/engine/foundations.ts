import { mkdirSync } from "node:fs";
import type { ContainerResource } from "#containers/state/container-uses.ts";
import { openTrash, type Trash } from "#containers/state/trash.ts";
import type { ContentStore } from "#content/content-store.ts";
import { openDiskContentStore } from "#content/open-content-store.ts";
import type { Layers } from "#layers/layers.ts";
import { openLayers } from "#layers/open-layers.ts";
import { wallClock } from "#native/addon/clock.ts";
import { storeOwner, tryLockStore } from "#native/addon/store-lock.ts";
import { openZygote, type Zygote } from "#native/zygote/zygote.ts";
import { type Defer, openDeferredWork } from "#support/concurrency/deferred-work.ts";
import { openDatabase } from "#support/database.ts";
import { checkLog } from "#support/database-log.ts";
import { openDelayedSync } from "#support/delayed-sync.ts";
import { TboxError } from "#support/errors.ts";
import { isOutOfSpace } from "#support/full-disk.ts";
import { openLog } from "#support/log.ts";
import { migrate } from "#support/migrations.ts";
import { openSpaceReserve } from "#support/space-reserve.ts";
import { openUsageRegister, type UsageRegister } from "#support/usage-register.ts";
import type { Config } from "./config.ts";
import { openEventJournal } from "./event-journal.ts";
import { type EventLog, openEventLog } from "./events.ts";
import { openIdleMemory } from "./idle-memory.ts";
import { requireDatabase } from "./lost-database.ts";
import { watchDatabase } from "./removed-database.ts";
import { migrations } from "./schema.ts";

type Database = ReturnType<typeof openDatabase>;

/** Parts of the engine that its services share. */
export interface Foundations {
  config: Config;
  /** Rejects when the daemon must end to keep the store's changes. */
  failed: Promise<never>;
  /** Connection whose commits survive a loss of power. */
  safe: Database;
  /**
   * Connection whose commits survive the death of the process but, before `syncSoon`, not a loss of power: a container's
   * start must not wait for a disk.
   */
  fast: Database;
  /** Writes directories and then the commits of `fast` to the disk within about a second. */
  syncSoon: (...directories: string[]) => void;
  content: ContentStore;
  layers: Layers;
  zygote: Zygote;
  trash: Trash;
  events: EventLog;
  /** Register of every image, layer, volume and network in use. */
  uses: UsageRegister<ContainerResource>;
  /** Returns the allocated bytes below each path of the store. */
  measure: (paths: string[]) => Promise<number[]>;
  /** Runs work that no request waits for, after the first answers. */
  defer: Defer;
}

/** Milliseconds within which the client that started the daemon has sent its request. */
const deferral = 300;

/** Locks the store and opens the shared resources of the services; `resources` closes them. */
export async function openFoundations(config: Config, resources: AsyncDisposableStack): Promise<Foundations> {
  const { dataDirectory: store } = config;
  const reserve = resources.use(openSpaceReserve(store, openLog("daemon").warn));
  const open = async () => {
    await using opened = new AsyncDisposableStack();
    const foundations = await openParts(config, reserve.release, opened);
    return { foundations, opened: opened.move() };
  };
  for (;;) {
    try {
      const { foundations, opened } = await open();
      resources.use(opened);
      return foundations;
    } catch (error) {
      if (!isOutOfSpace(store) || !reserve.release()) throw error;
    }
  }
}

async function openParts(
  config: Config,
  release: () => boolean,
  resources: AsyncDisposableStack,
): Promise<Foundations> {
  const { dataDirectory: store, runDirectory: run } = config;
  for (const path of [`${store}/containers`, `${run}/monitors`]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  const lock = tryLockStore(store);
  if (!lock) {
    const message = `another daemon (${storeOwner(store)}) has the store ${store} open`;
    throw new TboxError("already-exists", message);
  }
  resources.use(lock);
  checkLog(`${store}/tbox.db`);
  requireDatabase(store);
  const safe = openDatabase(`${store}/tbox.db`, { durability: "power", release });
  resources.defer(() => safe.close());
  migrate(safe, migrations);
  const watch = resources.use(
    watchDatabase(`${store}/tbox.db`, { database: safe, warn: openLog("daemon").warn }),
  );
  const fast = openDatabase(`${store}/tbox.db`, { durability: "process", release });
  resources.defer(() => fast.close());
  const sync = resources.use(openDelayedSync(`${store}/tbox.db`, openLog("daemon").warn));
  const content = await openDiskContentStore(store);
  resources.use(openIdleMemory(openLog("daemon").warn));
  const zygote = resources.use(await openZygote({ store, run }));
  const journal = resources.use(
    openEventJournal({ directory: `${store}/events`, warn: openLog("daemon").warn }),
  );
  const events = openEventLog(wallClock, journal);
  resources.defer(events.flush);
  return {
    config,
    failed: watch.failed,
    safe,
    fast,
    syncSoon: sync.request,
    content,
    zygote,
    layers: await openLayers({ database: safe, store, zygote, warn: openLog("layers").warn }),
    trash: openTrash({ store, zygote, release, warn: openLog("trash").warn }),
    events,
    uses: openUsageRegister(),
    defer: resources.use(openDeferredWork(deferral, openLog("daemon").warn)).defer,
    async measure(paths) {
      if (paths.length === 0) return [];
      const measured = await zygote.work({ operation: "measure", paths });
      return measured.map(({ bytes }) => bytes);
    },
  };
}
