import type { HostConfigAnswer } from "./container-host-config.ts";
import type { ContainerStatus, MountPoint } from "./container-summary.ts";
import type { EndpointAddresses, EndpointAnswer } from "./networks.ts";

/** Answer of `GET /containers/{id}/json`. */
export interface ContainerInspect {
  /** 64 hexadecimal digits. */
  Id: string;
  /** RFC 3339. */
  Created: string;
  /** The program and its arguments as they run. */
  Path: string;
  Args: string[];
  State: StateAnswer;
  /** ID of the image; empty for a container without one. */
  Image: string;
  ResolvConfPath: string;
  HostnamePath: string;
  HostsPath: string;
  /** Path of the log; empty when the container keeps none. */
  LogPath: string;
  /** With a leading slash. */
  Name: string;
  RestartCount: number;
  Driver: string;
  Platform: string;
  MountLabel: string;
  ProcessLabel: string;
  AppArmorProfile: string;
  /** IDs of the execs that run; null for none. */
  ExecIDs: string[] | null;
  HostConfig: HostConfigAnswer;
  GraphDriver: { Name: string; Data: Record<string, string> };
  /** Bytes of the writable layer; present when the request asks for sizes. */
  SizeRw?: number;
  /** Bytes of the whole root file system; present when the request asks for sizes. */
  SizeRootFs?: number;
  Mounts: MountPoint[];
  Config: ContainerConfigAnswer;
  NetworkSettings: NetworkSettings;
  /** tbox's own addition. */
  Tbox: {
    /** End of each phase of the last start, in microseconds since the request arrived. */
    Phases: { Name: string; Microseconds: number }[];
  };
}

/** `State` of a container. */
export interface StateAnswer {
  Status: ContainerStatus;
  /** True for a paused and for a restarting container too. */
  Running: boolean;
  Paused: boolean;
  Restarting: boolean;
  OOMKilled: boolean;
  Dead: boolean;
  /** Process ID on the host; 0 when the container does not run. */
  Pid: number;
  ExitCode: number;
  /** Reason why the last start failed; empty otherwise. */
  Error: string;
  /** RFC 3339; `0001-01-01T00:00:00Z` when it never happened. */
  StartedAt: string;
  FinishedAt: string;
  /** Absent for a container without a health check. */
  Health?: HealthAnswer;
}

/** `State.Health` of a container. */
export interface HealthAnswer {
  Status: "starting" | "healthy" | "unhealthy";
  /** Failures in a row. */
  FailingStreak: number;
  /** The last probes, oldest first; times in RFC 3339. */
  Log: { Start: string; End: string; ExitCode: number; Output: string }[];
}

/** `Config` of a container: the request merged with the image's configuration. */
export interface ContainerConfigAnswer {
  Hostname: string;
  Domainname: string;
  User: string;
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  Tty: boolean;
  OpenStdin: boolean;
  StdinOnce: boolean;
  Env: string[];
  Cmd: string[] | null;
  Image: string;
  WorkingDir: string;
  Entrypoint: string[] | null;
  OnBuild: string[] | null;
  Labels: Record<string, string>;
  /** Targets of volumes; null for none. */
  Volumes: Record<string, object> | null;
  ExposedPorts?: Record<string, object>;
  ArgsEscaped?: boolean;
  MacAddress?: string;
  StopSignal?: string;
  /** Seconds. */
  StopTimeout?: number;
  Shell?: string[];
  /** Durations in nanoseconds. */
  Healthcheck?: {
    Test?: string[] | undefined;
    Interval?: number | undefined;
    Timeout?: number | undefined;
    StartPeriod?: number | undefined;
    StartInterval?: number | undefined;
    Retries?: number | undefined;
  };
}

/** `NetworkSettings` of a container; the addresses are those on the default network. */
export interface NetworkSettings extends EndpointAddresses {
  Bridge: string;
  SandboxID: string;
  SandboxKey: string;
  Ports: PortMap;
  HairpinMode: boolean;
  LinkLocalIPv6Address: string;
  LinkLocalIPv6PrefixLen: number;
  SecondaryIPAddresses: null;
  SecondaryIPv6Addresses: null;
  /** Endpoints by the name of their network. */
  Networks: Record<string, EndpointAnswer>;
}

/** Host ports by container port (`80/tcp`); null for a port that is exposed and not published. */
export type PortMap = Record<string, HostPort[] | null>;

/** An address and port of the host. */
export interface HostPort {
  HostIp: string;
  HostPort: string;
}
