import { existsSync, readdirSync } from "node:fs";
import { errorChain } from "#support/errors.ts";
import type { Warn } from "#support/log.ts";
import { syncPath } from "#support/sync-path.ts";
import { createVolumeDirectory, removeEmptyVolume } from "./create-volume.ts";
import type { VolumeRecords } from "./volume-records.ts";

export interface RecoverVolumesOptions {
  store: string;
  records: VolumeRecords;
  /** Deletes a directory of the store. */
  discard: (path: string) => void;
  warn: Warn;
}

/**
 * Makes directories and records match after the daemon was killed or the power was lost. Finishes removals, creates the
 * directories of volumes again that were lost while empty, and deletes directories whose volume was never created. A
 * directory with files and without a record stays: only its owner knows whether the files are needed.
 */
export function recoverVolumes({ store, records, discard, warn }: RecoverVolumesOptions): void {
  const parent = `${store}/volumes`;
  for (const name of records.removed()) if (existsSync(`${parent}/${name}`)) discard(`${parent}/${name}`);
  settleRemovals(store, records);
  for (const { name } of records.all()) {
    if (!existsSync(`${parent}/${name}/_data`)) createVolumeDirectory(`${parent}/${name}`);
  }
  for (const name of readdirSync(parent)) {
    if (records.find(name)) continue;
    const directory = `${parent}/${name}`;
    const error = removeEmptyVolume(directory);
    if (error !== undefined) warn(`${directory} belongs to no volume and stays: ${errorChain(error)}`);
  }
}

/** Makes finished removals survive a loss of power, so that nothing has to remember them. */
export function settleRemovals(store: string, records: VolumeRecords): void {
  const parent = `${store}/volumes`;
  const gone = records.removed().filter((name) => !existsSync(`${parent}/${name}`));
  if (gone.length === 0) return;
  syncPath(parent);
  records.forgetRemoved(gone);
}
