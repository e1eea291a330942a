import { networkMode } from "../networking/network-mode.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import type { HostConfig } from "./create-request.ts";

/** Settings that give a container nothing in common with another container or the host, whatever their value. */
const isolated: ReadonlySet<keyof HostConfig> = new Set([
  "AutoRemove",
  "CapDrop",
  "ConsoleSize",
  "ContainerIDFile",
  "CpuPeriod",
  "CpuQuota",
  "CpuShares",
  "CpusetCpus",
  "Dns",
  "DnsOptions",
  "DnsSearch",
  "ExtraHosts",
  "GroupAdd",
  "Init",
  "LogConfig",
  "Memory",
  "MemorySwap",
  "NanoCpus",
  "NetworkMode",
  "PidsLimit",
  "PortBindings",
  "PublishAllPorts",
  "ReadonlyRootfs",
  "RestartPolicy",
  "ShmSize",
  "Tmpfs",
  "Ulimits",
]);

/**
 * Reports whether no process outside the container can get one of its open files from it: it shares no directory with
 * another process, through which a Unix socket could pass files, and has its own namespaces and the default privileges.
 * `step` has the mounts of a build step: sockets, and directories that other steps share.
 */
export function isIsolated(
  { config, hostConfig: host, volumes, mountedImages }: ContainerRecord,
  step?: { mounts: readonly unknown[] },
): boolean {
  if (config.Rootfs !== undefined || volumes !== undefined || mountedImages !== undefined) return false;
  if (step !== undefined && step.mounts.length > 0) return false;
  // An empty list takes the place of the default one.
  if (host.MaskedPaths !== undefined || host.ReadonlyPaths !== undefined) return false;
  const { kind } = networkMode(host.NetworkMode);
  if (kind === "host" || kind === "container") return false;
  return Object.entries(host).every(([name, value]) => isIsolatedField(name) || !isSet(value));
}

function isIsolatedField(name: string): boolean {
  const names: ReadonlySet<string> = isolated;
  return names.has(name);
}

function isSet(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
