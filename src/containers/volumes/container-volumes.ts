import { parseVolumeOptions } from "#volumes/volume-options.ts";
import type { Volumes } from "#volumes/volumes.ts";
import type { ContainerRecord, ContainerVolume } from "../state/container-record.ts";

/** Creates the planned volumes that do not exist, and names the anonymous ones. */
export function createVolumes(volumes: Volumes, planned: ContainerVolume[]): ContainerVolume[] {
  const created = volumes.createAll(
    planned.map(({ name, labels, options }) => ({
      ...(name === "" ? {} : { name }),
      ...(labels ? { labels } : {}),
      ...(options ? { options } : {}),
    })),
  );
  return planned.map((volume, index) => {
    const { name, options } = created[index] ?? volumes.get(volume.name);
    return { ...volume, name, ...parseVolumeOptions(options) };
  });
}

/** Removes the anonymous volumes of a removed container, except those that other containers use. */
export function removeAnonymousVolumes(volumes: Volumes, { volumes: mounted = [] }: ContainerRecord): void {
  volumes.removeUnused(mounted.filter(({ anonymous }) => anonymous).map(({ name }) => name));
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
