import type { EndpointSettings, Link } from "#network/network.ts";
import type { Resources } from "../limits/resources.ts";

/**
 * What a container is made from: the fields of Docker's `POST /containers/create` that tbox honours, in
 * Docker's own spelling. Fields tbox does not honour never get here: the API refuses them by name.
 */
export interface CreateRequest {
  Image?: string;
  /** tbox's own: a directory of the host as read-only lower layer instead of an image. */
  Rootfs?: string;
  Cmd?: string[];
  Entrypoint?: string[];
  Env?: string[];
  User?: string;
  WorkingDir?: string;
  Hostname?: string;
  Domainname?: string;
  Labels?: Record<string, string>;
  Tty?: boolean;
  OpenStdin?: boolean;
  StdinOnce?: boolean;
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  StopSignal?: string;
  /** Seconds. */
  StopTimeout?: number;
  Healthcheck?: Healthcheck;
  Shell?: string[];
  ExposedPorts?: Record<string, object>;
  Volumes?: Record<string, object>;
  /** The same as the network `none`. */
  NetworkDisabled?: boolean;
  HostConfig?: HostConfig;
  /** What is asked of networks, by name or ID: that of `HostConfig.NetworkMode`, and more. */
  Networks?: Record<string, EndpointSettings>;
}

/** Docker's HealthConfig; durations in nanoseconds, 0 is the default. */
export interface Healthcheck {
  /** `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", command]`. */
  Test?: string[] | undefined;
  Interval?: number | undefined;
  Timeout?: number | undefined;
  StartPeriod?: number | undefined;
  StartInterval?: number | undefined;
  Retries?: number | undefined;
}

export interface RestartPolicy {
  /** `no`, `always`, `unless-stopped` or `on-failure`. */
  Name?: string;
  MaximumRetryCount?: number;
}

export interface HostConfig extends Resources {
  AutoRemove?: boolean;
  RestartPolicy?: RestartPolicy;
  /** Containers whose mounts are taken over: `name[:ro|rw]`. */
  VolumesFrom?: string[];
  /** `source:target[:options]`; a source that is no absolute path is the name of a volume. */
  Binds?: string[];
  Mounts?: MountRequest[];
  /** Target to options, as `--tmpfs` gives them. */
  Tmpfs?: Record<string, string>;
  ReadonlyRootfs?: boolean;
  CapAdd?: string[];
  CapDrop?: string[];
  GroupAdd?: string[];
  SecurityOpt?: string[];
  Ulimits?: { Name: string; Soft: number; Hard: number }[];
  Init?: boolean;
  /** As much as the caller has: every capability over the namespaces of the container, nothing masked or filtered. */
  Privileged?: boolean;
  /** `keep-id`: the container's user is the caller. `host` asks for what there is anyway. */
  UsernsMode?: "host" | "keep-id";
  NetworkMode?: string;
  /** By port of the container: `80/tcp`. */
  PortBindings?: Record<string, PortBinding[] | null>;
  PublishAllPorts?: boolean;
  ShmSize?: number;
  LogConfig?: { Type?: string; Config?: Record<string, string> };
  ExtraHosts?: string[];
  /** Of the network of `NetworkMode`; a container has them in its place there. */
  Links?: Link[];
  Dns?: string[];
  DnsSearch?: string[];
  DnsOptions?: string[];
  MaskedPaths?: string[];
  ReadonlyPaths?: string[];
  /** Columns of rows: `[rows, columns]`, as Docker orders them. */
  ConsoleSize?: [number, number];
  /** There is only one kind on Linux. */
  Isolation?: "default";
  Annotations?: Record<string, string>;
  /** -1000 to 1000. */
  OomScoreAdj?: number;
  /** A path below the place where this user's containers have their cgroups. */
  CgroupParent?: string;
  Devices?: DeviceRequest[];
  Sysctls?: Record<string, string>;
  /** `host`, or `container:` and a container. */
  PidMode?: string;
  /** The same, or `none`, `private`, `shareable`. */
  IpcMode?: string;
  UTSMode?: string;
  CgroupnsMode?: string;
  /** There is only one. */
  Runtime?: "tbox";
}

export interface DeviceRequest {
  PathOnHost: string;
  /** The same when absent. */
  PathInContainer?: string;
  /** Of `rwm`. */
  CgroupPermissions?: string;
}

/** Docker's: an empty port is any, an empty address all. */
export interface PortBinding {
  HostIp?: string;
  /** A number, or a range of which one is taken. */
  HostPort?: string;
}

export interface MountRequest {
  Type: "bind" | "tmpfs" | "volume";
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  BindOptions?: { Propagation?: string; NonRecursive?: boolean; CreateMountpoint?: boolean };
  VolumeOptions?: {
    NoCopy?: boolean;
    Labels?: Record<string, string>;
    Subpath?: string;
    DriverConfig?: { Name?: "local"; Options?: Record<string, string> };
  };
  /** `Options` are words of the kernel, alone or with a value. */
  TmpfsOptions?: { SizeBytes?: number; Mode?: number; Options?: string[][] };
}
