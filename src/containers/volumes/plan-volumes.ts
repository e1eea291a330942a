import { invalidArgument } from "#support/errors.ts";
import { parseVolumeOptions } from "#volumes/volume-options.ts";
import { parseBindText, withoutEffect } from "../request/bind-text.ts";
import type { HostConfig, MountRequest } from "../request/create-request.ts";
import { normalizeTarget } from "../request/mount-target.ts";
import type { ContainerVolume } from "../state/container-record.ts";
import { inheritedMounts, type MountOwner } from "./volumes-from.ts";

/** Options of a volume in `-v`. */
const volumeOptions = new Set([...withoutEffect, "ro", "nocopy"]);

export interface VolumeSources {
  host: HostConfig;
  /** Targets of anonymous volumes of the image and the request. */
  anonymous: string[];
  /** Looks up a container of `VolumesFrom`. */
  find: (name: string) => MountOwner;
}

export interface PlannedVolumes {
  volumes: ContainerVolume[];
  /** Bind mounts taken over from other containers, as `source:target:options`. */
  binds: string[];
  warnings: string[];
}

/** Maximum number of anonymous volumes of a container. The daemon serves no other request while it creates them. */
const mostAnonymous = 1000;

/** Directories of the kernel's file systems. */
const kernelDirectory = /^\/(?:proc|sys)(?:\/|$)/;

/**
 * Plans the volumes of a container. Anonymous volumes get their names when they are created. A target of the request
 * hides the same target of `VolumesFrom`, and both hide an anonymous volume. An anonymous volume, which an image declares,
 * never covers the kernel's file systems: an empty directory there would only mislead programs.
 */
export function planVolumes({ host, anonymous, find }: VolumeSources): PlannedVolumes {
  if (anonymous.length > mostAnonymous) {
    throw invalidArgument(
      `the image and the request declare ${anonymous.length} anonymous volumes: a container has at most ${mostAnonymous}`,
    );
  }
  const { volumes, targets } = requestedVolumes(host);
  const binds: string[] = [];
  const warnings: string[] = [];
  for (const [target, mount] of inheritedMounts(host.VolumesFrom ?? [], find)) {
    if (targets.has(target)) continue;
    targets.add(target);
    if ("bind" in mount) binds.push(mount.bind);
    else volumes.push(mount.volume);
  }
  for (const target of anonymous) {
    const normal = normalizeTarget(target);
    if (targets.has(normal)) continue;
    targets.add(normal);
    if (kernelDirectory.test(normal)) {
      warnings.push(`volume ${target} has no effect: the kernel's files stay visible there`);
      continue;
    }
    volumes.push({ name: "", target: normal, readonly: false, fill: true, anonymous: true });
  }
  if (volumes.length > 0) checkDriver(host.VolumeDriver);
  return { volumes, binds, warnings };
}

/**
 * Refuses a volume driver that needs a plugin, with Docker's message. Docker answers 404, which its client takes for a missing
 * image.
 */
function checkDriver(driver = ""): void {
  if (driver === "" || driver === "local") return;
  throw invalidArgument(`error looking up volume plugin ${driver}: plugin "${driver}" not found`);
}

/** Returns the volumes that the request names, and the targets of all its mounts. */
function requestedVolumes(host: HostConfig): { volumes: ContainerVolume[]; targets: Set<string> } {
  const mounts = host.Mounts ?? [];
  const binds = (host.Binds ?? []).map(parseBindText);
  const targets = [
    ...binds.map(({ target }) => target),
    ...mounts.map(({ Target }) => Target),
    ...Object.keys(host.Tmpfs ?? {}),
  ];
  return {
    volumes: [
      ...binds.filter(({ source }) => !source.startsWith("/")).map(volumeOfBind),
      ...mounts.filter(({ Type }) => Type === "volume").map(volumeOfMount),
    ],
    targets: new Set(targets.map(normalizeTarget)),
  };
}

function volumeOfBind({ source, target, options }: ReturnType<typeof parseBindText>): ContainerVolume {
  const unknown = options.find((option) => !volumeOptions.has(option));
  if (unknown !== undefined)
    throw invalidArgument(`invalid mount config for type "volume": invalid mode: ${options.join(",")}`);
  return {
    name: source,
    target,
    readonly: options.includes("ro"),
    fill: !options.includes("nocopy"),
    anonymous: source === "",
  };
}

function volumeOfMount({
  Source = "",
  Target,
  ReadOnly = false,
  VolumeOptions,
}: MountRequest): ContainerVolume {
  checkDriver(VolumeOptions?.DriverConfig?.Name);
  const options = VolumeOptions?.DriverConfig?.Options;
  if (options) parseVolumeOptions(options);
  const { NoCopy, Labels: labels, Subpath: subpath } = VolumeOptions ?? {};
  if (subpath && (subpath.startsWith("/") || subpath.split("/").includes(".."))) {
    throw invalidArgument(`subpath must be a relative path within the volume: ${subpath}`);
  }
  return {
    name: Source,
    target: Target,
    readonly: ReadOnly,
    // The image's files fill a whole volume, never a part of one.
    fill: !NoCopy && !subpath,
    anonymous: Source === "",
    ...(labels ? { labels } : {}),
    ...(options ? { options } : {}),
    ...(subpath ? { subpath } : {}),
  };
}
