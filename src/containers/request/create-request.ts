import type { EndpointSettings, Link } from "#network/network.ts";
import type { Resources } from "../limits/resources.ts";

/**
 * Request to create a container: the supported fields of Docker's `POST /containers/create` in Docker's spelling. The API
 * refuses unsupported fields by name.
 */
export interface CreateRequest {
  Image?: string;
  /** Directory of the host that replaces the image as a read-only layer. Docker has no such field. */
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
  /** Seconds between the stop signal and SIGKILL. */
  StopTimeout?: number;
  Healthcheck?: Healthcheck;
  Shell?: string[];
  ExposedPorts?: Record<string, object>;
  Volumes?: Record<string, object>;
  /** MAC address on the network of `NetworkMode`; `Networks` has it too. */
  MacAddress?: string;
  /** Windows setting without an effect on Linux. */
  ArgsEscaped?: boolean;
  /** Disables the network, like the network mode `none`. */
  NetworkDisabled?: boolean;
  /** Triggers of an image that is committed from the container. */
  OnBuild?: string[];
  HostConfig?: HostConfig;
  /** Settings for each network, by name or ID. They may name more networks than `HostConfig.NetworkMode`. */
  Networks?: Record<string, EndpointSettings>;
}

/** Docker's HealthConfig. Durations are in nanoseconds; 0 means the default. */
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
  /** File into which the client wrote the ID; inspections show it. */
  ContainerIDFile?: string;
  /** Containers whose volumes and bind mounts are mounted too: `name[:ro|rw]`. */
  VolumesFrom?: string[];
  /** `source:target[:options]`. A source that is not an absolute path is the name of a volume. */
  Binds?: string[];
  Mounts?: MountRequest[];
  /** Options of `--tmpfs` by target. */
  Tmpfs?: Record<string, string>;
  ReadonlyRootfs?: boolean;
  CapAdd?: string[];
  CapDrop?: string[];
  GroupAdd?: string[];
  SecurityOpt?: string[];
  Ulimits?: { Name: string; Soft: number; Hard: number }[];
  Init?: boolean;
  /** Grants the rights of the daemon's user: every capability in the container's namespaces, no masked path, no filter. */
  Privileged?: boolean;
  /** `keep-id` maps the daemon's user to the container's user, `keep-id:uid=N,gid=N` to these ids, `keep-id:user=NAME` to this user. `host` maps none. */
  UsernsMode?: string;
  NetworkMode?: string;
  /** Bindings by container port: `80/tcp`. */
  PortBindings?: Record<string, PortBinding[] | null>;
  PublishAllPorts?: boolean;
  ShmSize?: number;
  LogConfig?: { Type?: string; Config?: Record<string, string> };
  ExtraHosts?: string[];
  /** Links on the network of `NetworkMode`. The record stores them with the endpoint. */
  Links?: Link[];
  Dns?: string[];
  DnsSearch?: string[];
  DnsOptions?: string[];
  MaskedPaths?: string[];
  ReadonlyPaths?: string[];
  /** `[rows, columns]`, in Docker's order. */
  ConsoleSize?: [number, number];
  /** Only `default` exists on Linux. */
  Isolation?: "default";
  Annotations?: Record<string, string>;
  /** -1000 to 1000. */
  OomScoreAdj?: number;
  /** Path relative to the user's delegated cgroup. */
  CgroupParent?: string;
  Devices?: DeviceRequest[];
  Sysctls?: Record<string, string>;
  /** `host`, or `container:` and a name or ID. */
  PidMode?: string;
  /** Driver of the volumes that the container creates. */
  VolumeDriver?: string;
  /** `host`, `container:` and a name or ID, `none`, `private` or `shareable`. */
  IpcMode?: string;
  UTSMode?: string;
  CgroupnsMode?: string;
  /** Only `tbox` exists; `runc` is another name for it. */
  Runtime?: "tbox" | "runc";
}

export interface DeviceRequest {
  PathOnHost: string;
  /** Path in the container; the path on the host when absent. */
  PathInContainer?: string;
  /** Letters of `rwm`. */
  CgroupPermissions?: string;
}

/** Docker's PortBinding. An empty port means any free port, an empty address all addresses. */
export interface PortBinding {
  HostIp?: string;
  /** Port, or a range from which the first free port is used. */
  HostPort?: string;
}

export interface MountRequest {
  Type: "bind" | "tmpfs" | "volume" | "image";
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  BindOptions?: {
    Propagation?: string;
    NonRecursive?: boolean;
    CreateMountpoint?: boolean;
    /** Whether `ReadOnly` leaves the mounts below the source writable. */
    ReadOnlyNonRecursive?: boolean;
  };
  VolumeOptions?: {
    NoCopy?: boolean;
    Labels?: Record<string, string>;
    Subpath?: string;
    DriverConfig?: { Name?: string; Options?: Record<string, string> };
  };
  /** `Subpath` is the directory or file of the image that is mounted; the whole image when absent. */
  ImageOptions?: { Subpath?: string };
  /** `Options` are the kernel's tmpfs options, each with or without a value. */
  TmpfsOptions?: { SizeBytes?: number; Mode?: number; Options?: string[][] };
}
