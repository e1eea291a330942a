/** A device and its rate limit, in bytes or operations per second. */
interface DeviceRate {
  Path: string;
  Rate: number;
}

/** `HostConfig` of `GET /containers/{id}/json`: every field of Docker's, unset ones with their default. */
export interface HostConfigAnswer extends ResourcesAnswer {
  Binds: string[] | null;
  Mounts?: object[];
  /** Mount options by target. */
  Tmpfs?: Record<string, string>;
  ContainerIDFile: string;
  LogConfig: { Type: string; Config: Record<string, string> };
  NetworkMode: string;
  /** By port of the container: `80/tcp`. */
  PortBindings: Record<string, { HostIp?: string; HostPort?: string }[] | null> | null;
  PublishAllPorts: boolean;
  RestartPolicy: { Name?: string; MaximumRetryCount?: number };
  AutoRemove: boolean;
  VolumeDriver: string;
  VolumesFrom: string[] | null;
  /** `[rows, columns]`. */
  ConsoleSize: number[];
  Annotations?: Record<string, string>;
  CapAdd: string[] | null;
  CapDrop: string[] | null;
  CgroupnsMode: string;
  Dns: string[] | null;
  DnsOptions: string[] | null;
  DnsSearch: string[] | null;
  ExtraHosts: string[] | null;
  GroupAdd: string[] | null;
  IpcMode: string;
  Cgroup: string;
  /** `/target:/container/alias`; null for none. */
  Links: string[] | null;
  OomScoreAdj: number;
  PidMode: string;
  Privileged: boolean;
  ReadonlyRootfs: boolean;
  SecurityOpt: string[] | null;
  UTSMode: string;
  UsernsMode: string;
  /** Bytes. */
  ShmSize: number;
  Sysctls?: Record<string, string>;
  Runtime: string;
  Isolation: string;
  Init?: boolean;
  /** Null for a privileged container. */
  MaskedPaths: string[] | null;
  ReadonlyPaths: string[] | null;
}

/** Limits of a container; 0 is no limit. */
interface ResourcesAnswer {
  CpuShares: number;
  /** Bytes. */
  Memory: number;
  MemoryReservation: number;
  /** Bytes of memory and swap together; -1 is unlimited. */
  MemorySwap: number;
  MemorySwappiness: number | null;
  KernelMemory?: number;
  KernelMemoryTCP?: number;
  /** Billionths of a processor. */
  NanoCpus: number;
  CgroupParent: string;
  BlkioWeight: number;
  BlkioWeightDevice: { Path: string; Weight: number }[];
  BlkioDeviceReadBps: DeviceRate[];
  BlkioDeviceWriteBps: DeviceRate[];
  BlkioDeviceReadIOps: DeviceRate[];
  BlkioDeviceWriteIOps: DeviceRate[];
  /** Microseconds. */
  CpuPeriod: number;
  CpuQuota: number;
  CpuRealtimePeriod: number;
  CpuRealtimeRuntime: number;
  CpusetCpus: string;
  CpusetMems: string;
  Devices: { PathOnHost: string; PathInContainer?: string; CgroupPermissions?: string }[] | null;
  DeviceCgroupRules: string[] | null;
  DeviceRequests: object[] | null;
  OomKillDisable: boolean | null;
  PidsLimit: number | null;
  Ulimits: { Name: string; Soft: number; Hard: number }[] | null;
  /** Windows only. */
  CpuCount: number;
  CpuPercent: number;
  IOMaximumIOps: number;
  IOMaximumBandwidth: number;
}
