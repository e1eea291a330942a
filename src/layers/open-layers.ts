import type { Database } from "bun:sqlite";
import { mkdirSync, readdirSync } from "node:fs";
import type { Unpacked } from "#native/protocol/work.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import { type DiffId, parseDiffId, splitDigest } from "#oci/digest.ts";
import { createSerialQueue } from "#support/concurrency/serial-queue.ts";
import type { Warn } from "#support/log.ts";
import { openLayerArchives } from "./layer-archives.ts";
import { layerPath, layersDirectory, stagingDirectory } from "./layer-path.ts";
import { type LayerRecords, openLayerRecords } from "./layer-records.ts";
import type { LayerCommits, LayerMaintenance, Layers } from "./layers.ts";
import { openUnpacking } from "./unpack.ts";

export interface LayersOptions {
  /** Connection whose commits survive the loss of power. */
  database: Database;
  store: string;
  zygote: Zygote;
  /** Called for archive contents that a layer cannot hold, such as devices and foreign owners. */
  warn: Warn;
}

/** Opens the layers of a store and removes leftovers of the last daemon. */
export async function openLayers({ database, store, zygote, warn }: LayersOptions): Promise<Layers> {
  for (const path of [layersDirectory, stagingDirectory]) {
    mkdirSync(`${store}/${path}`, { recursive: true, mode: 0o700 });
  }
  const unknown = new Set(readdirSync(`${store}/${layersDirectory}`));
  const records = openLayerRecords(database, (diffId, ownersKept) => {
    // A layer unpacked with a single user ID has lost the owners of its files, which a range of IDs needs.
    const outdated = !ownersKept && zygote.mapping.mode === "range";
    return !outdated && unknown.delete(splitDigest(diffId).hex);
  });
  await removeLeftovers({ store, zygote }, [...unknown]);
  const maintenance = openLayerMaintenance({ store, zygote, records, warn });
  return {
    has: records.has,
    size: (diffId) => records.size(diffId) ?? 0,
    list: records.all,
    revision: records.revision,
    ...openUnpacking({ store, zygote, records, warn }),
    ...openLayerCommits(zygote, records),
    ...openLayerArchives(zygote, records),
    ...maintenance,
  };
}

function openLayerCommits(zygote: Zygote, records: LayerRecords): LayerCommits {
  let unsynced: Unpacked[] = [];
  const inTurn = createSerialQueue();

  async function sync(): Promise<void> {
    const committed = unsynced;
    unsynced = [];
    if (committed.length === 0) return;
    try {
      await zygote.work({ operation: "sync" });
    } catch (error) {
      unsynced.push(...committed);
      throw error;
    }
    // A layer may have been removed during the sync.
    for (const layer of committed) if (records.has(parseDiffId(layer.diffId))) records.add(layer);
  }

  return {
    async commitUpper(upper, options = {}) {
      const layer = await zygote.work({ operation: "keep", upper, ...options });
      if (!layer) return undefined;
      const diffId = parseDiffId(layer.diffId);
      if (!records.has(diffId)) {
        unsynced.push(layer);
        records.addUnsynced(layer);
      } else if (layer.archiveSize !== undefined) {
        records.setArchiveSize(diffId, layer.archiveSize);
      }
      return diffId;
    },
    sync: () => inTurn(sync),
  };
}

interface MaintenanceOptions {
  store: string;
  zygote: Zygote;
  records: LayerRecords;
  warn: Warn;
}

function openLayerMaintenance({ store, zygote, records, warn }: MaintenanceOptions): LayerMaintenance {
  /** Measured sizes; a layer never changes, so each is measured once. */
  const allocated = new Map<DiffId, number>();
  return {
    async remove(diffIds) {
      for (const diffId of diffIds) {
        records.remove(diffId);
        allocated.delete(diffId);
      }
      const paths = diffIds.map(layerPath);
      if (paths.length === 0) return;
      await zygote.work({ operation: "remove", paths }).catch((error) => {
        // The rows are deleted, so the sweep of the next start removes the remaining files.
        warn("remove layers", error);
      });
    },
    async diskUsage() {
      const unknown = records.all().filter((diffId) => !allocated.has(diffId));
      if (unknown.length > 0) {
        const measured = await zygote.work({ operation: "measure", paths: unknown.map(layerPath) });
        for (const [index, diffId] of unknown.entries()) allocated.set(diffId, measured[index]?.bytes ?? 0);
      }
      return new Map(records.all().map((diffId) => [diffId, allocated.get(diffId) ?? 0]));
    },
    async checkSizes() {
      const cached = [...allocated];
      if (cached.length === 0) return [];
      const paths = cached.map(([diffId]) => layerPath(diffId));
      const measured = await zygote.work({ operation: "measure", paths });
      return cached.flatMap(([diffId, size], index) => {
        const bytes = measured[index]?.bytes ?? 0;
        // A layer can be removed during the measurement.
        if (bytes === size || allocated.get(diffId) !== size) return [];
        allocated.set(diffId, bytes);
        return [{ kind: "layer" as const, id: diffId, cached: size, measured: bytes }];
      });
    },
    async sweep() {
      const known = new Set(records.all().map((diffId) => splitDigest(diffId).hex));
      const onDisk = readdirSync(`${store}/${layersDirectory}`);
      await removeLeftovers(
        { store, zygote },
        onDisk.filter((hex) => !known.has(hex)),
      );
    },
  };
}

/** Removes the directories of unfinished layers, and those of layers without a record. */
async function removeLeftovers(
  { store, zygote }: Pick<LayersOptions, "store" | "zygote">,
  orphans: string[],
): Promise<void> {
  const staged = readdirSync(`${store}/${stagingDirectory}`).map((name) => `${stagingDirectory}/${name}`);
  const paths = [...staged, ...orphans.map((hex) => `${layersDirectory}/${hex}`)];
  if (paths.length > 0) await zygote.work({ operation: "remove", paths });
}
