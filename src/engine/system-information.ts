import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, hostname, release, totalmem } from "node:os";
import type { Zygote } from "#native/zygote/zygote.ts";
import type { NetworkStatus } from "#network/networks.ts";
import type { RegistryOptions } from "#registry/access/registry-options.ts";

/** The machine and how tbox uses it, for `GET /info`. */
export interface SystemInformation {
  id: string;
  /** Host name. */
  name: string;
  kernelVersion: string;
  operatingSystem: string;
  osVersion: string;
  /** The architecture as `uname -m` prints it. */
  architecture: string;
  cpus: number;
  /** Bytes of memory. */
  memory: number;
  dataDirectory: string;
  storageDriver: string;
  driverStatus: [string, string][];
  /** `none` when containers cannot have limits. */
  cgroupDriver: string;
  /** Cgroup controllers whose limits take effect. */
  controllers: string[];
  /** Whether the kernel accounts swap by cgroup. */
  swapLimit: boolean;
  cgroupVersion: string;
  httpProxy: string;
  httpsProxy: string;
  noProxy: string;
  registries: RegistrySettings;
  securityOptions: string[];
  warnings: string[];
}

/** Settings of registries by domain. */
export type RegistrySettings = Pick<RegistryOptions, "mirrors" | "insecure">;

export interface InformationSources {
  id: string;
  dataDirectory: string;
  zygote: Zygote;
  networks: Pick<NetworkStatus, "problem">;
  registries: RegistrySettings;
  environment: Record<string, string | undefined>;
  /** Whether containers start with `no_new_privs` by default. */
  noNewPrivileges: boolean;
}

/** Reads the state of the machine. */
export function readSystemInformation(sources: InformationSources): SystemInformation {
  const { id, dataDirectory, zygote, networks, registries, environment, noNewPrivileges } = sources;
  const osRelease = readRelease();
  const { mapping } = zygote;
  const { base, controllers, files } = zygote.delegation;
  const proxy = (name: string) => environment[name] ?? environment[name.toLowerCase()] ?? "";
  return {
    id,
    name: hostname(),
    kernelVersion: release(),
    operatingSystem: osRelease.PRETTY_NAME ?? "Linux",
    osVersion: osRelease.VERSION_ID ?? "",
    architecture: arch() === "x64" ? "x86_64" : arch() === "arm64" ? "aarch64" : arch(),
    cpus: cpus().length,
    memory: totalmem(),
    dataDirectory,
    storageDriver: "overlay",
    driverStatus: [
      ["Mount", "kernel overlay with userxattr"],
      ["Id mapping", mapping.mode === "range" ? `${count(mapping.uids)} ids` : "single id"],
    ],
    cgroupDriver: base && controllers.size > 0 ? "cgroupfs" : "none",
    controllers: [...controllers],
    swapLimit: files.has("memory.swap.max"),
    // Only the unified hierarchy has this file in its root; a hybrid hierarchy behaves like version 1.
    cgroupVersion: existsSync("/sys/fs/cgroup/cgroup.controllers") ? "2" : "1",
    httpProxy: proxy("HTTP_PROXY"),
    httpsProxy: proxy("HTTPS_PROXY"),
    noProxy: proxy("NO_PROXY"),
    registries,
    securityOptions: [
      "name=seccomp,profile=builtin",
      "name=rootless",
      // Docker lists it only when it is the default of the daemon.
      ...(noNewPrivileges ? ["name=no-new-privileges"] : []),
    ],
    warnings: [mapping.reason, networks.problem()].filter((text) => text !== undefined),
  };
}

function count(ranges: { count: number }[]): number {
  return ranges.reduce((sum, range) => sum + range.count, 0);
}

/** Reads the fields of os-release(5). */
function readRelease(): Record<string, string> {
  try {
    const lines = readFileSync("/etc/os-release", "utf8").split("\n");
    const pairs = lines.flatMap((line) => {
      const [, name, value] = /^([A-Z_]+)="?([^"]*)"?$/.exec(line) ?? [];
      return name !== undefined && value !== undefined ? [[name, value]] : [];
    });
    return Object.fromEntries(pairs);
  } catch {
    return {};
  }
}
