import type { HostConfigAnswer } from "#api/answers/container-host-config.ts";
import type { ContainerLink } from "#containers/networking/links.ts";
import type { HostConfig } from "#containers/request/create-request.ts";

/** Returns `HostConfig` with every field of Docker's, unset ones with their default. */
export function shapeHostConfig(given: HostConfig, links: ContainerLink[]): HostConfigAnswer {
  return {
    ...unsetFields,
    ...unsetResources,
    ...given,
    Links: links.length > 0 ? links.map(({ from, alias, to }) => `/${to.name}:/${from.name}/${alias}`) : null,
    RestartPolicy: {
      Name: given.RestartPolicy?.Name || "no",
      MaximumRetryCount: given.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    PortBindings: shapeBindings(given.PortBindings ?? {}),
    LogConfig: { Type: given.LogConfig?.Type || "json-file", Config: given.LogConfig?.Config ?? {} },
    NetworkMode: given.NetworkMode || "default",
    CgroupnsMode: given.CgroupnsMode || unsetFields.CgroupnsMode,
    IpcMode: given.IpcMode || unsetFields.IpcMode,
    ShmSize: given.ShmSize || unsetFields.ShmSize,
  };
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
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
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
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: [],
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};
