import type { InfoAnswer, RegistryIndex } from "#api/answers/system.ts";
import { dockerVersion } from "#api/versions.ts";
import { logDrivers } from "#containers/logging/log-drivers.ts";
import type { ContainerStatus } from "#containers/state/container-record.ts";
import type { SystemInformation } from "#engine/system-information.ts";
import { version } from "#support/version.ts";

/** State of the store at the time of the request. */
export interface StoreCounts {
  /** Number of images. */
  images: number;
  /** Status of each container. */
  states: ContainerStatus[];
  now: Date;
}

/** Returns the answer of `GET /info`. */
export function shapeInformation(system: SystemInformation, counts: StoreCounts): InfoAnswer {
  return {
    ID: system.id,
    ...countContainers(counts.states),
    Images: counts.images,
    ...constant,
    ...limitSupport(system),
    ...machine(system),
    Driver: system.storageDriver,
    DriverStatus: system.driverStatus,
    DockerRootDir: system.dataDirectory,
    SystemTime: counts.now.toISOString(),
    HttpProxy: system.httpProxy,
    HttpsProxy: system.httpsProxy,
    NoProxy: system.noProxy,
    RegistryConfig: shapeRegistries(system.registries),
    ServerVersion: dockerVersion,
    SecurityOptions: system.securityOptions,
    Warnings: system.warnings.length > 0 ? system.warnings : null,
    Tbox: { Version: version, CgroupControllers: system.controllers },
  };
}

/** Fields that answers before 1.50 have. They describe a bridge on the host, which tbox never has. */
const oldFields = { BridgeNfIptables: false, BridgeNfIp6tables: false };

/** Returns the answer of `GET /info` as an API version has it. */
export function informationOfVersion(answer: InfoAnswer, minor: number): InfoAnswer {
  return minor < 50 ? { ...answer, ...oldFields } : answer;
}

const hub = "docker.io";

function shapeRegistries({
  mirrors,
  insecure,
}: SystemInformation["registries"]): InfoAnswer["RegistryConfig"] {
  const mirrorsOf = (domain: string) =>
    Object.hasOwn(mirrors, domain) ? (mirrors[domain] ?? []).map((url) => url.replace(/\/?$/, "/")) : [];
  const domains = new Set([hub, ...Object.keys(mirrors), ...insecure]);
  const indexes = [...domains].map((Name): [string, RegistryIndex] => {
    const Secure = !insecure.includes(Name);
    return [Name, { Name, Mirrors: mirrorsOf(Name), Secure, Official: Name === hub }];
  });
  return {
    InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8"],
    IndexConfigs: Object.fromEntries(indexes),
    Mirrors: mirrorsOf(hub),
  };
}

function countContainers(states: ContainerStatus[]) {
  const running = states.filter((state) => state === "running").length;
  const paused = states.filter((state) => state === "paused").length;
  return {
    Containers: states.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: states.length - running - paused,
  };
}

function limitSupport({ controllers, swapLimit, cgroupDriver, cgroupVersion }: SystemInformation) {
  const has = (controller: string) => controllers.includes(controller);
  return {
    MemoryLimit: has("memory"),
    SwapLimit: swapLimit,
    CpuCfsPeriod: has("cpu"),
    CpuCfsQuota: has("cpu"),
    CPUShares: has("cpu"),
    CPUSet: has("cpuset"),
    PidsLimit: has("pids"),
    CgroupDriver: cgroupDriver,
    CgroupVersion: cgroupVersion,
  };
}

function machine(system: SystemInformation) {
  return {
    KernelVersion: system.kernelVersion,
    OperatingSystem: system.operatingSystem,
    OSVersion: system.osVersion,
    OSType: "linux",
    Architecture: system.architecture,
    NCPU: system.cpus,
    MemTotal: system.memory,
    Name: system.name,
  };
}

/** Fields that are the same on every machine. */
const constant = {
  Plugins: {
    Volume: ["local"],
    Network: ["bridge", "host", "null"],
    Authorization: null,
    Log: [...logDrivers],
  },
  OomKillDisable: false,
  IPv4Forwarding: false,
  Debug: false,
  NFd: 0,
  NGoroutines: 0,
  LoggingDriver: "json-file",
  NEventsListener: 0,
  IndexServerAddress: "https://index.docker.io/v1/",
  GenericResources: null,
  Labels: [],
  ExperimentalBuild: false,
  Runtimes: { runc: { path: "tbox-helper" }, tbox: { path: "tbox-helper" } },
  // Clients of Docker look for this name.
  DefaultRuntime: "runc",
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
  ProductLicense: "Apache-2.0",
};
