import { invalidArgument } from "#support/errors.ts";
import { parseBindText } from "../request/bind-text.ts";
import { normalizeTarget } from "../request/mount-target.ts";
import type { ContainerRecord, ContainerVolume } from "../state/container-record.ts";

/** Fields of a container that `VolumesFrom` reads. */
export type MountOwner = Pick<ContainerRecord, "volumes" | "hostConfig">;

/** Mount that a container takes over from another one. */
export type InheritedMount = { volume: ContainerVolume } | { bind: string };

/**
 * Returns the mounts of `VolumesFrom` by target. If two containers mount at the same target, the later one wins.
 * `find` looks up a container by name.
 */
export function inheritedMounts(
  requests: string[],
  find: (name: string) => MountOwner,
): Map<string, InheritedMount> {
  const mounts = new Map<string, InheritedMount>();
  for (const text of requests) {
    const [name = "", mode = ""] = text.split(":");
    if (!["", "ro", "rw", "z", "Z"].includes(mode)) {
      const message = `invalid volumes-from ${JSON.stringify(text)}: invalid mode: ${mode}`;
      throw invalidArgument(message);
    }
    const { volumes = [], hostConfig } = find(name);
    for (const volume of volumes) {
      const inherited = { ...volume, fill: false, readonly: mode === "ro" || volume.readonly };
      mounts.set(normalizeTarget(volume.target), { volume: inherited });
    }
    for (const text of hostConfig.Binds ?? []) {
      const { source, target, options } = parseBindText(text);
      if (!source.startsWith("/")) continue;
      const words = mode === "ro" ? [...options.filter((word) => word !== "rw"), "ro"] : options;
      const bind = [source, target, ...(words.length > 0 ? [words.join(",")] : [])].join(":");
      mounts.set(normalizeTarget(target), { bind });
    }
  }
  return mounts;
}
