import type { Setting } from "#native/cgroup/cgroup.ts";
import type { Controller, Delegation } from "#native/cgroup/delegation.ts";
import type { DeviceRate, Resources } from "./resources.ts";

/** Cgroup controllers and files that can enforce limits. */
export type LimitSupport = Pick<Delegation, "controllers" | "files" | "obstacle">;

/** Limit that this machine cannot enforce. */
export interface UnsupportedLimit {
  field: keyof Resources;
  /** Reason and remedy. */
  message: string;
}

export interface LimitPlan {
  settings: Setting[];
  unsupported: UnsupportedLimit[];
}

interface LimitSetting {
  field: keyof Resources;
  controller: Controller;
  file: string;
  text: string;
  /**
   * Whether the limit is skipped without a message when the kernel has no such file, because there is nothing to limit
   * then.
   */
  optional?: boolean;
}

/** Default period of a CPU quota in microseconds. */
const defaultPeriod = 100_000;

/**
 * Plans which files of a cgroup enforce the limits, and which limits cannot be enforced. `numberOf` returns the
 * `major:minor` of a block device.
 */
export function planLimits(
  resources: Resources,
  support: LimitSupport,
  numberOf: (path: string) => string,
): LimitPlan {
  const plan: LimitPlan = { settings: [], unsupported: withoutCgroupV2(resources) };
  for (const setting of settingsFor(resources, support, numberOf)) {
    const problem = problemOf(setting, support);
    if (problem === undefined) plan.settings.push([setting.file, setting.text]);
    else if (!setting.optional && !plan.unsupported.some(({ field }) => field === setting.field)) {
      plan.unsupported.push({ field: setting.field, message: problem });
    }
  }
  return plan;
}

function problemOf(
  { field, controller, file }: LimitSetting,
  { controllers, files, obstacle }: LimitSupport,
) {
  if (!controllers.has(controller)) {
    const { reason, remedy } = obstacle(controller);
    return `${field} needs the cgroup controller "${controller}": ${reason}: ${remedy}`;
  }
  return files.has(file) ? undefined : `${field} needs the file ${file}, which this kernel does not have`;
}

/** Returns the limits of cgroup v1 that v2 does not have. */
function withoutCgroupV2(resources: Resources): UnsupportedLimit[] {
  const fields = [
    "MemorySwappiness",
    "OomKillDisable",
    "KernelMemory",
    "KernelMemoryTCP",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
  ] as const;
  return fields
    .filter((field) => resources[field] !== undefined && resources[field] !== false)
    .map((field) => ({ field, message: `${field} is not supported by cgroup v2` }));
}

function settingsFor(
  resources: Resources,
  { files }: LimitSupport,
  numberOf: (path: string) => string,
): LimitSetting[] {
  return [...memory(resources), ...cpu(resources), ...io(resources, files, numberOf), ...others(resources)];
}

function memory({ Memory, MemorySwap, MemoryReservation }: Resources): LimitSetting[] {
  const found: LimitSetting[] = [];
  const controller = "memory";
  if (Memory) found.push({ field: "Memory", controller, file: "memory.max", text: String(Memory) });
  if (MemorySwap) {
    // Docker counts memory and swap together, the kernel swap alone.
    const text = MemorySwap === -1 ? "max" : String(MemorySwap - (Memory ?? 0));
    const optional = MemorySwap === -1 || MemorySwap === 2 * (Memory ?? 0);
    found.push({ field: "MemorySwap", controller, file: "memory.swap.max", text, optional });
  }
  if (MemoryReservation) {
    const text = String(MemoryReservation);
    found.push({ field: "MemoryReservation", controller, file: "memory.low", text });
  }
  return found;
}

function cpu({ NanoCpus, CpuPeriod, CpuQuota, CpuShares }: Resources): LimitSetting[] {
  const found: LimitSetting[] = [];
  const controller = "cpu";
  const file = "cpu.max";
  if (NanoCpus) {
    const text = `${Math.round((NanoCpus * defaultPeriod) / 1e9)} ${defaultPeriod}`;
    found.push({ field: "NanoCpus", controller, file, text });
  }
  if (CpuQuota || CpuPeriod) {
    const quota = CpuQuota && CpuQuota > 0 ? CpuQuota : "max";
    const text = `${quota} ${CpuPeriod || defaultPeriod}`;
    found.push({ field: CpuQuota ? "CpuQuota" : "CpuPeriod", controller, file, text });
  }
  if (CpuShares) {
    found.push({ field: "CpuShares", controller, file: "cpu.weight", text: String(cpuWeight(CpuShares)) });
  }
  return found;
}

function others({ CpusetCpus, CpusetMems, PidsLimit }: Resources): LimitSetting[] {
  const found: LimitSetting[] = [];
  const controller = "cpuset";
  if (CpusetCpus) found.push({ field: "CpusetCpus", controller, file: "cpuset.cpus", text: CpusetCpus });
  if (CpusetMems) found.push({ field: "CpusetMems", controller, file: "cpuset.mems", text: CpusetMems });
  if (PidsLimit) {
    const text = PidsLimit === -1 ? "max" : String(PidsLimit);
    const optional = PidsLimit === -1;
    found.push({ field: "PidsLimit", controller: "pids", file: "pids.max", text, optional });
  }
  return found;
}

function io(
  resources: Resources,
  files: ReadonlySet<string>,
  numberOf: (path: string) => string,
): LimitSetting[] {
  const controller = "io";
  const rates = (field: keyof Resources, devices: DeviceRate[] | undefined, key: string): LimitSetting[] =>
    (devices ?? []).map(({ Path, Rate }) => ({
      field,
      controller,
      file: "io.max",
      text: `${numberOf(Path)} ${key}=${Rate === 0 ? "max" : Rate}`,
    }));
  // The bfq scheduler has a separate file with Docker's range.
  const bfq = files.has("io.bfq.weight");
  const file = bfq ? "io.bfq.weight" : "io.weight";
  const weight = (value: number) => String(bfq ? value : ioWeight(value));
  const { BlkioWeight, BlkioWeightDevice = [] } = resources;
  return [
    ...(BlkioWeight
      ? [{ field: "BlkioWeight", controller, file, text: `default ${weight(BlkioWeight)}` } as const]
      : []),
    ...BlkioWeightDevice.map(
      ({ Path, Weight }): LimitSetting => ({
        field: "BlkioWeightDevice",
        controller,
        file,
        text: `${numberOf(Path)} ${weight(Weight)}`,
      }),
    ),
    ...rates("BlkioDeviceReadBps", resources.BlkioDeviceReadBps, "rbps"),
    ...rates("BlkioDeviceWriteBps", resources.BlkioDeviceWriteBps, "wbps"),
    ...rates("BlkioDeviceReadIOps", resources.BlkioDeviceReadIOps, "riops"),
    ...rates("BlkioDeviceWriteIOps", resources.BlkioDeviceWriteIOps, "wiops"),
  ];
}

/** Converts Docker's shares (2 to 262144) to a weight (1 to 10000) with the formula of the OCI runtimes. */
function cpuWeight(shares: number): number {
  const bounded = Math.min(262_144, Math.max(2, shares));
  return 1 + Math.floor(((bounded - 2) * 9999) / 262_142);
}

/** Converts Docker's weight (10 to 1000) to a weight of cgroup v2 (1 to 10000). */
function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}
