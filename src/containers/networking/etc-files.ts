import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Mount } from "#native/protocol/launch.ts";
import type { NetworkNamespace } from "#network/network.ts";
import { normalizeTarget } from "../request/mount-target.ts";
import type { DirectoryFiles } from "../state/container-directories.ts";
import { type HostsContext, hostsFile, type NameSettings } from "./hosts-file.ts";
import { resolvConf } from "./resolv-conf.ts";

/** The files below /etc that the daemon writes for each container. */
export const etcFileNames = ["hostname", "hosts", "resolv.conf"] as const;

export type EtcFile = (typeof etcFileNames)[number];

/** Plans the mounts over /etc/hostname, /etc/hosts and /etc/resolv.conf, or over some of them. */
export function etcMounts(readonly: boolean, files: readonly EtcFile[] = etcFileNames): Mount[] {
  return files.map((name) => ({ type: "store-file", name, target: `/etc/${name}`, readonly }));
}

/**
 * Adds the mounts of these files to a container's other mounts: before them, so that they can cover one of the files, but
 * after a volume or tmpfs at /etc, which would hide all three. A directory of the host or a read-only volume keeps its own
 * files.
 */
export function withEtcMounts(files: Mount[], mounts: Mount[]): Mount[] {
  const first = mounts.filter(hidesEtcFiles);
  return [...first, ...files, ...mounts.filter((mount) => !first.includes(mount))];
}

function hidesEtcFiles(mount: Mount): boolean {
  if (!("target" in mount) || normalizeTarget(mount.target) !== "/etc") return false;
  return mount.type === "tmpfs" || (mount.type === "volume" && !mount.readonly);
}

/**
 * Returns those of the files that a directory of the host has. The others are not mounted, because another user may own
 * the directory.
 */
export function etcFilesOf(rootfs: string): EtcFile[] {
  return etcFileNames.filter((name) => existsSync(`${rootfs}/etc/${name}`));
}

/** Returns the host's /etc/hosts for a container in the host's network; nothing for any other container. */
export function hostHosts({ NetworkMode }: NameSettings["hostConfig"]): string | undefined {
  if (NetworkMode !== "host" || !existsSync("/etc/hosts")) return undefined;
  return readFileSync("/etc/hosts", "utf8");
}

/** Returns the content of the three files. */
export function etcFiles(settings: NameSettings, context: HostsContext) {
  return {
    hostname: `${context.hostname}\n`,
    hosts: hostsFile(settings, context),
    "resolv.conf": resolvConf(settings),
  };
}

/** Returns the content of the three files for a container with default settings. */
export function defaultEtcFiles(id: string, namespace: NetworkNamespace | undefined): DirectoryFiles {
  return etcFiles(
    { config: {}, hostConfig: {} },
    { hostname: id.slice(0, 12), namespace, gateway: undefined },
  );
}

/** Writes /etc/hosts unless `current`, its known content, is up to date. */
export function writeHosts(
  directory: string,
  settings: NameSettings,
  { current, ...context }: HostsContext & { current: string | undefined },
): void {
  const text = hostsFile(settings, context);
  if (text !== current) writeFileSync(`${directory}/hosts`, text, { mode: 0o644 });
}

/** Writes resolv.conf for the container's current networks. */
export function writeResolvConf(directory: string, settings: NameSettings): void {
  writeFileSync(`${directory}/resolv.conf`, resolvConf(settings), { mode: 0o644 });
}

/** Copies the three files of a container whose network namespace another container shares. */
export function shareEtcFiles(from: string, to: string): void {
  for (const name of etcFileNames)
    writeFileSync(`${to}/${name}`, readFileSync(`${from}/${name}`), { mode: 0o644 });
}
