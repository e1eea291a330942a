import type { HostConfigAnswer } from "#api/answers/container-host-config.ts";
import type { ContainerLink } from "#containers/networking/links.ts";
import type { HostConfig } from "#containers/request/create-request.ts";
import { defaultMaskedPaths, defaultReadonlyPaths } from "#containers/request/protected-paths.ts";
import { defaultNetwork } from "#network/networks.ts";
import { hasValues } from "./has-values.ts";

/** Returns `HostConfig` with every field of Docker's, unset ones with their default. */
export function shapeHostConfig(given: HostConfig, links: ContainerLink[]): HostConfigAnswer {
  const { Annotations, Mounts, Sysctls, Tmpfs, ...others } = given;
  return {
    ...unsetFields,
    ...unsetResources,
    ...others,
    ...(hasValues(Annotations) ? { Annotations } : {}),
    ...(hasValues(Mounts) ? { Mounts } : {}),
    ...(hasValues(Sysctls) ? { Sysctls } : {}),
    ...(hasValues(Tmpfs) ? { Tmpfs } : {}),
    MaskedPaths: given.MaskedPaths ?? (given.Privileged ? null : defaultMaskedPaths),
    ReadonlyPaths: given.ReadonlyPaths ?? (given.Privileged ? null : defaultReadonlyPaths),
    Links: links.length > 0 ? links.map(({ from, alias, to }) => `/${to.name}:/${from.name}/${alias}`) : null,
    RestartPolicy: {
      Name: given.RestartPolicy?.Name || "no",
      MaximumRetryCount: given.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    PortBindings: given.PortBindings === undefined ? null : shapeBindings(given.PortBindings),
    LogConfig: { Type: given.LogConfig?.Type || "json-file", Config: given.LogConfig?.Config ?? {} },
    NetworkMode: shapeNetworkMode(given.NetworkMode),
    CgroupnsMode: given.CgroupnsMode || unsetFields.CgroupnsMode,
    IpcMode: given.IpcMode || unsetFields.IpcMode,
    ShmSize: given.ShmSize || unsetFields.ShmSize,
  };
}

/** Returns the network mode; the default network has a name. */
export function shapeNetworkMode(mode: string | undefined): string {
  return !mode || mode === "default" ? defaultNetwork : mode;
}

/** Returns the bindings with both fields. An empty host address means all addresses. */
function shapeBindings(given: NonNullable<HostConfig["PortBindings"]>): HostConfigAnswer["PortBindings"] {
  return Object.fromEntries(
    Object.entries(given).map(([port, bindings]) => [
      port,
      bindings?.map(({ HostIp = "", HostPort = "" }) => ({ HostIp, HostPort })) ?? null,
    ]),
  );
}

const unsetFields = {
  Binds: null,
  ContainerIDFile: "",
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "private",
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "private",
  Cgroup: "",
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: 67_108_864,
  Runtime: "runc",
  Isolation: "",
};

const unsetResources = {
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};
