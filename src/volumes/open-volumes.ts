import type { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { parseBoolean } from "#support/boolean.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { Filters } from "#support/filters/filters.ts";
import type { Warn } from "#support/log.ts";
import type { UsageQueries } from "#support/usage-register.ts";
import { createVolumes } from "./create-volume.ts";
import { filterVolumes, listFilters, pruneFilters } from "./filter-volumes.ts";
import { recoverVolumes, settleRemovals } from "./recover-volumes.ts";
import type { VolumeAction } from "./volume-action.ts";
import { openVolumeRecords } from "./volume-records.ts";
import { anonymousLabel, type CreateVolume, type Volume, type Volumes } from "./volumes.ts";

export interface VolumesOptions {
  database: Database;
  store: string;
  uses: UsageQueries<"volume">;
  /** Deletes a directory of the store, also with files of subordinate ids. */
  discard: (path: string) => void;
  /** Returns the allocated bytes below each path of the store. */
  measure: (paths: string[]) => Promise<number[]>;
  notify: (action: VolumeAction, name: string, attributes?: Record<string, string>) => void;
  warn: Warn;
}

/** Removals that the database remembers before their directories are known to be gone after a loss of power, too. */
const mostRemovals = 500;

/** Opens the volumes of a store. */
export function openVolumes({
  database,
  store,
  uses,
  discard,
  measure,
  notify,
  warn,
}: VolumesOptions): Volumes {
  mkdirSync(`${store}/volumes`, { recursive: true, mode: 0o700 });
  const records = openVolumeRecords(database, warn);
  recoverVolumes({ store, records, discard, warn });
  const isUsed = (name: string) => uses.isUsed("volume", name);
  const get = (name: string) => {
    const volume = records.find(name);
    if (volume) return volume;
    throw new TboxError("not-found", `get ${name}: no such volume`);
  };
  let removals = 0;
  const createAll = (requests: CreateVolume[]) =>
    createVolumes({ store, records, notify: (name) => notify("create", name) }, requests);
  const removeAll = (names: string[]) => {
    records.delete(names);
    for (const name of names) {
      discard(`${store}/volumes/${name}`);
      if (++removals % mostRemovals === 0) settleRemovals(store, records);
      notify("destroy", name);
    }
  };
  const removeUnused = (names: string[]) => {
    const unused = names.filter((name) => records.find(name) && !isUsed(name));
    if (unused.length > 0) removeAll(unused);
    return unused;
  };
  return {
    create: (request) => createAll([request])[0] ?? get(request.name ?? ""),
    createAll,
    get,
    list: ({ filters }) => filterVolumes(records.all(), { filters, known: listFilters }, isUsed),
    revision: records.revision,
    remove(name, { force }) {
      if (force && !records.find(name)) return;
      get(name);
      const users = uses.users("volume", name).map(({ id }) => id);
      if (users.length > 0) {
        throw new TboxError("conflict", `remove ${name}: volume is in use - [${users.join(", ")}]`);
      }
      removeAll([name]);
    },
    removeUnused,
    async prune(filters) {
      const unused = selectForPrune(records.all(), filters).filter(({ name }) => !isUsed(name));
      const sizes = await measure(unused.map(({ name }) => `volumes/${name}`));
      // During the measurement, a container may have started to use a volume, or a volume may have been removed.
      const names = removeUnused(unused.map(({ name }) => name));
      const sizeOf = new Map(unused.map(({ name }, index) => [name, sizes[index] ?? 0]));
      return { names, space: names.reduce((sum, name) => sum + (sizeOf.get(name) ?? 0), 0) };
    },
    announce: notify,
    mountpoint: (name) => `${store}/volumes/${name}/_data`,
    async sizes() {
      const names = records.all().map(({ name }) => name);
      const sizes = await measure(names.map((name) => `volumes/${name}`));
      return new Map(names.map((name, index) => [name, sizes[index] ?? 0]));
    },
  };
}

/** Returns the volumes that a prune may remove. Without the filter `all` these are anonymous volumes only. */
function selectForPrune(volumes: Volume[], filters: Filters): Volume[] {
  const others = new Map(filters);
  others.delete("all");
  const values = filters.get("all") ?? [];
  const invalid = values.find((value) => parseBoolean(value) === undefined);
  if (invalid !== undefined) throw invalidArgument(`invalid filter 'all=${invalid}'`);
  const all = values.some((value) => parseBoolean(value));
  const matching = filterVolumes(volumes, { filters: others, known: pruneFilters }, () => false);
  return all ? matching : matching.filter(({ labels }) => Object.hasOwn(labels, anonymousLabel));
}
