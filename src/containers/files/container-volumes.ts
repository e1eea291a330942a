import { invalidArgument, TboxError } from "#support/errors.ts";
import { parseVolumeOptions } from "#volumes/volume-options.ts";
import type { Volumes } from "#volumes/volumes.ts";
import type { HostConfig } from "../request/create-request.ts";
import { parseBindText, plainTarget } from "../request/mounts.ts";
import type { ContainerRecord, ContainerVolume } from "../state/record.ts";

/** What may be said of a volume with `-v`; `z` and `Z` are for a security module that is not used. */
const volumeOptions = new Set(["ro", "rw", "z", "Z", "nocopy"]);

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
    const unknown = options.find((option) => !volumeOptions.has(option));
    if (unknown !== undefined) throw invalidArgument(`invalid mode: ${options.join(",")}`);
    const readonly = options.includes("ro");
    add({ name: source, target, readonly, fill: !options.includes("nocopy"), anonymous: false });
  }
  for (const { Type, Source = "", Target, ReadOnly = false, VolumeOptions } of host.Mounts ?? []) {
    taken.add(plainTarget(Target));
    if (Type !== "volume") continue;
    const options = VolumeOptions?.DriverConfig?.Options;
    if (options) parseVolumeOptions(options);
    const { NoCopy, Labels: labels, Subpath: subpath } = VolumeOptions ?? {};
    // What the image has there is the whole volume's, not a part's.
    const fill = !NoCopy && !subpath;
    if (subpath && (subpath.startsWith("/") || subpath.split("/").includes(".."))) {
      throw invalidArgument(`subpath must be a relative path within the volume: ${subpath}`);
    }
    add({
      name: Source,
      target: Target,
      readonly: ReadOnly,
      fill,
      anonymous: Source === "",
      ...(labels ? { labels } : {}),
      ...(options ? { options } : {}),
      ...(subpath ? { subpath } : {}),
    });
  }
  for (const target of Object.keys(host.Tmpfs ?? {})) taken.add(plainTarget(target));
  // Of two containers with the same target the later one's is taken.
  const theirs = new Map<string, () => void>();
  for (const text of host.VolumesFrom ?? []) {
    const [name = "", mode = ""] = text.split(":");
    if (!["", "ro", "rw", "z", "Z"].includes(mode)) {
      const message = `invalid volumes-from ${JSON.stringify(text)}: invalid mode: ${mode}`;
      throw invalidArgument(message);
    }
    const { volumes: others = [], hostConfig } = find(name);
    for (const volume of others) {
      const taker = () => add({ ...volume, fill: false, readonly: mode === "ro" || volume.readonly });
      theirs.set(plainTarget(volume.target), taker);
    }
    for (const bind of hostConfig.Binds ?? []) {
      const { source, target, options } = parseBindText(bind);
      if (!source.startsWith("/")) continue;
      const words = mode === "ro" ? [...options.filter((word) => word !== "rw"), "ro"] : options;
      const bound = [source, target, ...(words.length > 0 ? [words.join(",")] : [])].join(":");
      theirs.set(plainTarget(target), () => binds.push(bound));
    }
  }
  for (const [target, take] of theirs) {
    if (taken.has(target)) continue;
    taken.add(target);
    take();
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
    const options = volume.options ? { options: volume.options } : {};
    const made = volumes.create({ ...name, ...labels, ...options });
    const bound = parseVolumeOptions(made.options);
    return { ...volume, name: made.name, ...(bound ? { bound } : {}) };
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
