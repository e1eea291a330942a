import { TboxError } from "#support/errors.ts";
import type { Volumes } from "#volumes/volumes.ts";
import type { HostConfig } from "./create-request.ts";
import { parseBindText, plainTarget } from "./mounts.ts";
import type { ContainerRecord, ContainerVolume } from "./record.ts";

export interface VolumeSources {
  host: HostConfig;
  /** Targets of the image and the request that want a volume of their own. */
  anonymous: string[];
  /** A container whose mounts are taken over. */
  find: (name: string) => ContainerRecord;
}

export interface PlannedVolumes {
  volumes: ContainerVolume[];
  /** Bind mounts of other containers, as `source:target:options`. */
  binds: string[];
}

/** The volumes that a container is to have; those without a name get one when they are made. */
export function planVolumes({ host, anonymous, find }: VolumeSources): PlannedVolumes {
  const volumes: ContainerVolume[] = [];
  const binds: string[] = [];
  const taken = new Set<string>();
  const add = (volume: ContainerVolume) => {
    taken.add(plainTarget(volume.target));
    volumes.push(volume);
  };
  for (const bind of host.Binds ?? []) {
    const { source, target, options } = parseBindText(bind);
    taken.add(plainTarget(target));
    if (source.startsWith("/")) continue;
    const readonly = options.includes("ro");
    add({ name: source, target, readonly, fill: !options.includes("nocopy"), anonymous: false });
  }
  for (const { Type, Source = "", Target, ReadOnly = false, VolumeOptions } of host.Mounts ?? []) {
    taken.add(plainTarget(Target));
    if (Type !== "volume") continue;
    const fill = !VolumeOptions?.NoCopy;
    const labels = VolumeOptions?.Labels;
    add({
      name: Source,
      target: Target,
      readonly: ReadOnly,
      fill,
      anonymous: Source === "",
      ...(labels ? { labels } : {}),
    });
  }
  for (const target of Object.keys(host.Tmpfs ?? {})) taken.add(plainTarget(target));
  for (const text of host.VolumesFrom ?? []) {
    const [name = "", mode = ""] = text.split(":");
    if (!["", "ro", "rw", "z", "Z"].includes(mode)) {
      throw new TboxError("invalid-argument", `invalid mode for volumes-from: ${mode}`);
    }
    const { volumes: theirs = [], hostConfig } = find(name);
    for (const volume of theirs) {
      if (taken.has(plainTarget(volume.target))) continue;
      add({ ...volume, anonymous: false, readonly: mode === "ro" || volume.readonly });
    }
    for (const bind of hostConfig.Binds ?? []) {
      const { source, target, options } = parseBindText(bind);
      if (!source.startsWith("/") || taken.has(plainTarget(target))) continue;
      taken.add(plainTarget(target));
      const words = mode === "ro" ? [...options.filter((word) => word !== "rw"), "ro"] : options;
      binds.push([source, target, ...(words.length > 0 ? [words.join(",")] : [])].join(":"));
    }
  }
  for (const target of anonymous) {
    if (!taken.has(plainTarget(target))) {
      add({ name: "", target, readonly: false, fill: true, anonymous: true });
    }
  }
  return { volumes, binds };
}

/** Makes those that are not there yet, and names those without a name. */
export function makeVolumes(volumes: Volumes, planned: ContainerVolume[]): ContainerVolume[] {
  return planned.map((volume) => {
    const name = volume.name === "" ? {} : { name: volume.name };
    const labels = volume.labels ? { labels: volume.labels } : {};
    return { ...volume, name: volumes.create({ ...name, ...labels }).name };
  });
}

/** Removes the volumes that only this container had and nobody gave a name. */
export function removeAnonymous(volumes: Volumes, { volumes: own = [] }: ContainerRecord): void {
  for (const { name, anonymous } of own) {
    if (!anonymous) continue;
    try {
      volumes.remove(name, { force: true });
    } catch (error) {
      // Another container has taken it over.
      if (!(error instanceof TboxError && error.code === "conflict")) throw error;
    }
  }
}
