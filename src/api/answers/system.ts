/** Answer of `GET /version`. */
export interface VersionAnswer {
  Platform: { Name: string };
  /** The first component is Docker's engine; the component `tbox` has tbox's own version. */
  Components: { Name: string; Version: string; Details: Record<string, string> }[];
  /** Version of Docker Engine that serves the same API. */
  Version: string;
  /** Newest version of Docker's API. */
  ApiVersion: string;
  /** Oldest version of Docker's API. */
  MinAPIVersion: string;
  Os: string;
  /** Go's name of the architecture. */
  Arch: string;
  KernelVersion: string;
  /** Version of the JavaScript runtime. */
  Bun: string;
  GitCommit: string;
  GoVersion: string;
  BuildTime: string;
}

/** Answer of `GET /info`. */
export interface InfoAnswer {
  ID: string;
  Containers: number;
  ContainersRunning: number;
  ContainersPaused: number;
  ContainersStopped: number;
  Images: number;
  Driver: string;
  /** Pairs of a title and a value. */
  DriverStatus: [string, string][];
  DockerRootDir: string;
  Plugins: { Volume: string[]; Network: string[]; Authorization: string[] | null; Log: string[] };
  MemoryLimit: boolean;
  SwapLimit: boolean;
  CpuCfsPeriod: boolean;
  CpuCfsQuota: boolean;
  CPUShares: boolean;
  CPUSet: boolean;
  PidsLimit: boolean;
  OomKillDisable: boolean;
  IPv4Forwarding: boolean;
  Debug: boolean;
  NFd: number;
  NGoroutines: number;
  /** RFC 3339. */
  SystemTime: string;
  LoggingDriver: string;
  /** `none` where the user has no cgroups. */
  CgroupDriver: string;
  CgroupVersion: string;
  NEventsListener: number;
  KernelVersion: string;
  OperatingSystem: string;
  OSVersion: string;
  OSType: string;
  /** The architecture as `uname -m` prints it. */
  Architecture: string;
  IndexServerAddress: string;
  RegistryConfig: {
    InsecureRegistryCIDRs: string[];
    IndexConfigs: Record<string, RegistryIndex>;
    Mirrors: string[];
  };
  NCPU: number;
  /** Bytes. */
  MemTotal: number;
  GenericResources: null;
  HttpProxy: string;
  HttpsProxy: string;
  NoProxy: string;
  /** Host name. */
  Name: string;
  Labels: string[];
  ExperimentalBuild: boolean;
  /** Version of Docker Engine that serves the same API. */
  ServerVersion: string;
  Runtimes: Record<string, { path: string }>;
  DefaultRuntime: string;
  Swarm: {
    NodeID: string;
    NodeAddr: string;
    LocalNodeState: string;
    ControlAvailable: boolean;
    Error: string;
    RemoteManagers: null;
  };
  LiveRestoreEnabled: boolean;
  Isolation: string;
  InitBinary: string;
  ContainerdCommit: { ID: string };
  RuncCommit: { ID: string };
  InitCommit: { ID: string };
  SecurityOptions: string[];
  ProductLicense: string;
  /** Null for none. */
  Warnings: string[] | null;
  /** tbox's own addition: its version, and cgroup controllers whose limits take effect. */
  Tbox: { Version: string; CgroupControllers: string[] };
}

/** A registry with settings. */
export interface RegistryIndex {
  Name: string;
  Mirrors: string[];
  /** Whether tbox demands https with a trusted certificate. */
  Secure: boolean;
  /** Whether the registry is Docker Hub. */
  Official: boolean;
}

/** A line of `GET /events`. */
export interface EventLine {
  Type: string;
  Action: string;
  /** The object and its attributes. */
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: string;
  /** Seconds since the epoch. */
  time: number;
  /** Nanoseconds since the epoch. */
  timeNano: bigint;
  /** `Action` for old clients; present for containers and images. */
  status?: string;
  /** `Actor.ID` for old clients; present for containers and images. */
  id?: string;
  /** Image of a container, for old clients. */
  from?: string;
}

/** Answer of `POST /auth`. */
export interface LoginAnswer {
  Status: string;
  /** Empty unless the registry issues a token in place of the password. */
  IdentityToken: string;
}

/** Answer of `GET /tbox/doctor`. */
export interface DoctorAnswer {
  checks: DoctorCheck[];
}

/** One requirement of tbox and its state on this machine. */
export interface DoctorCheck {
  name: string;
  status: "ok" | "degraded" | "missing";
  detail: string;
  /** An action that helps; absent when nothing is wrong. */
  remedy?: string;
}

/** Answer of `GET /tbox/release`. */
export interface ReleaseAnswer {
  /** Newest version that the release feed names; absent without a feed. */
  latest?: string;
}

/** Answer of `POST /tbox/shutdown`. A client waits for the end of the process. */
export interface ShutdownAnswer {
  /** Process ID of the daemon. */
  Pid: number;
  /** Whether systemd holds the listening socket and starts another daemon for the next connection. */
  Systemd: boolean;
}

/** Body of every answer with a status of 400 or more. */
export interface ErrorAnswer {
  message: string;
}
