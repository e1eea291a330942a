import type { ContainerStatus } from "#containers/state/container-record.ts";
import type { SystemInformation } from "#engine/system-information.ts";
import { version } from "../version.ts";

export interface Counts {
  images: number;
  states: ContainerStatus[];
  now: Date;
}

/** `GET /info`. */
export function shapeInformation(system: SystemInformation, { images, states, now }: Counts) {
  const running = states.filter((state) => state === "running").length;
  const limits = (controller: string) => system.controllers.includes(controller);
  const paused = states.filter((state) => state === "paused").length;
  return {
    ID: system.id,
    Containers: states.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: states.length - running - paused,
    Images: images,
    Driver: system.storageDriver,
    DriverStatus: system.driverStatus,
    DockerRootDir: system.dataDirectory,
    Plugins: {
      Volume: [],
      Network: ["bridge", "host", "none"],
      Authorization: null,
      Log: ["json-file", "none"],
    },
    MemoryLimit: limits("memory"),
    SwapLimit: system.swapLimit,
    CpuCfsPeriod: limits("cpu"),
    CpuCfsQuota: limits("cpu"),
    CPUShares: limits("cpu"),
    CPUSet: limits("cpuset"),
    PidsLimit: limits("pids"),
    OomKillDisable: false,
    IPv4Forwarding: false,
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    SystemTime: now.toISOString(),
    LoggingDriver: "json-file",
    CgroupDriver: system.cgroupDriver,
    CgroupVersion: system.cgroupVersion,
    NEventsListener: 0,
    KernelVersion: system.kernelVersion,
    OperatingSystem: system.operatingSystem,
    OSVersion: system.osVersion,
    OSType: "linux",
    Architecture: system.architecture,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: { InsecureRegistryCIDRs: ["127.0.0.0/8", "::1/128"], IndexConfigs: {}, Mirrors: [] },
    NCPU: system.cpus,
    MemTotal: system.memory,
    GenericResources: null,
    HttpProxy: system.httpProxy,
    HttpsProxy: system.httpsProxy,
    NoProxy: system.noProxy,
    Name: system.name,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: version,
    Runtimes: { tbox: { path: "tbox-helper" } },
    DefaultRuntime: "tbox",
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: "tbox-helper",
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: "" },
    InitCommit: { ID: "" },
    SecurityOptions: system.securityOptions,
    ProductLicense: "Apache-2.0",
    Warnings: system.warnings,
    Tbox: { CgroupControllers: system.controllers },
  };
}
