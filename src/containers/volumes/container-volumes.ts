import { TboxError } from "#support/errors.ts";
import { parseVolumeOptions } from "#volumes/volume-options.ts";
import type { Volumes } from "#volumes/volumes.ts";
import type { ContainerRecord, ContainerVolume } from "../state/container-record.ts";

/** Creates the planned volumes that do not exist, and names the anonymous ones. */
export function createVolumes(volumes: Volumes, planned: ContainerVolume[]): ContainerVolume[] {
  return planned.map((volume) => {
    const name = volume.name === "" ? {} : { name: volume.name };
    const labels = volume.labels ? { labels: volume.labels } : {};
    const options = volume.options ? { options: volume.options } : {};
    const created = volumes.create({ ...name, ...labels, ...options });
    return { ...volume, name: created.name, ...parseVolumeOptions(created.options) };
  });
}

/** Removes the anonymous volumes of a removed container, except those that other containers use. */
export function removeAnonymousVolumes(volumes: Volumes, { volumes: mounted = [] }: ContainerRecord): void {
  for (const { name, anonymous } of mounted) {
    if (!anonymous) continue;
    try {
      volumes.remove(name, { force: true });
    } catch (error) {
      if (!(error instanceof TboxError && error.code === "conflict")) throw error;
    }
  }
}

/** Publishes an event for each volume of a container that starts or exits. */
export function notifyVolumes(
  volumes: Volumes,
  { id, volumes: mounted = [] }: ContainerRecord,
  action: "mount" | "unmount",
): void {
  for (const { name, target, readonly } of mounted) {
    const details = { destination: target, propagation: "", "read/write": String(!readonly) };
    volumes.announce(action, name, { container: id, ...(action === "mount" ? details : {}) });
  }
}
