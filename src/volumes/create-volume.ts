import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { invalidArgument, type TboxError } from "#support/errors.ts";
import { parseVolumeOptions } from "./volume-options.ts";
import type { VolumeRecords } from "./volume-records.ts";
import { anonymousLabel, type CreateVolume, type Volume } from "./volumes.ts";

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const longestName = 255;

/** Creates a volume and its directory, or returns the existing volume of the name, whatever its options. */
export function createVolume(
  { store, records, notify }: { store: string; records: VolumeRecords; notify: (name: string) => void },
  request: CreateVolume,
): Volume {
  const { labels = {}, options = {} } = request;
  const name = request.name ?? randomBytes(32).toString("hex");
  const existing = records.find(name);
  if (existing) return existing;
  if (!namePattern.test(name) || name.length > longestName) throw invalidName(name);
  parseVolumeOptions(options);
  const volume: Volume = {
    name,
    created: new Date().toISOString(),
    labels: request.name === undefined ? { ...labels, [anonymousLabel]: "" } : labels,
    options,
  };
  const directory = `${store}/volumes/${name}`;
  try {
    createVolumeDirectory(directory);
    records.insert(volume);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
  notify(name);
  return volume;
}

/** Creates the directory of a volume, or what is missing of it. */
export function createVolumeDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Every user in a container must be able to traverse the root of the volume.
  mkdirSync(`${directory}/_data`, { recursive: true, mode: 0o755 });
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
