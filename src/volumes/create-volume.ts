import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { invalidArgument, type TboxError } from "#support/errors.ts";
import { parseVolumeOptions } from "./volume-options.ts";
import type { VolumeRecords } from "./volume-records.ts";
import { anonymousLabel, type CreateVolume, type Volume } from "./volumes.ts";

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const longestName = 255;

/**
 * Creates volumes and their directories, or returns the existing volumes of the names, whatever their options. Creates all or
 * none, and writes their records at once: each write waits for the disk.
 */
export function createVolumes(
  { store, records, notify }: { store: string; records: VolumeRecords; notify: (name: string) => void },
  requests: CreateVolume[],
): Volume[] {
  const created = new Map<string, Volume>();
  const volumes = requests.map((request) => {
    const name = request.name ?? randomBytes(32).toString("hex");
    const existing = records.find(name) ?? created.get(name);
    if (existing) return existing;
    const volume = newVolume(name, request);
    created.set(name, volume);
    return volume;
  });
  const directories = [...created.keys()].map((name) => `${store}/volumes/${name}`);
  try {
    for (const directory of directories) createVolumeDirectory(directory);
    if (created.size > 0) records.insert([...created.values()]);
  } catch (error) {
    for (const directory of directories) removeEmptyVolume(directory);
    throw error;
  }
  for (const name of created.keys()) notify(name);
  return volumes;
}

function newVolume(name: string, { name: given, labels = {}, options = {} }: CreateVolume): Volume {
  if (!namePattern.test(name) || name.length > longestName) throw invalidName(name);
  parseVolumeOptions(options);
  return {
    name,
    created: new Date().toISOString(),
    labels: given === undefined ? { ...labels, [anonymousLabel]: "" } : labels,
    options,
  };
}

/** Creates the directory of a volume, or what is missing of it. */
export function createVolumeDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Every user in a container must be able to traverse the root of the volume.
  mkdirSync(`${directory}/_data`, { recursive: true, mode: 0o755 });
}

/** Removes the directory of a volume that has no files; returns why it stays, or undefined. */
export function removeEmptyVolume(directory: string): unknown {
  try {
    if (existsSync(`${directory}/_data`)) rmdirSync(`${directory}/_data`);
    if (existsSync(directory)) rmdirSync(directory);
    return undefined;
  } catch (error) {
    return error;
  }
}

function invalidName(name: string): TboxError {
  if (name.length < 2) {
    const rule = "names should be at least two alphanumeric characters";
    return invalidArgument(`create ${name}: volume name is too short, ${rule}`);
  }
  const rule = `only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`;
  const hint = "If you intended to pass a host directory, use absolute path";
  return invalidArgument(
    `create ${name}: "${name}" includes invalid characters for a local volume name, ${rule}. ${hint}`,
  );
}
