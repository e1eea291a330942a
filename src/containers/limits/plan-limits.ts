import type { Setting } from "#native/cgroup/cgroup.ts";
import type { Controller, Delegation } from "#native/cgroup/delegation.ts";
import type { DeviceRate, Resources } from "./resources.ts";

/** What there is to set limits with. */
export type LimitSupport = Pick<Delegation, "controllers" | "files" | "obstacle">;

/** A limit that cannot be kept. */
export interface Refusal {
  field: keyof Resources;
  /** Says what is missing, and what to do about it. */
  message: string;
}

export interface LimitPlan {
  settings: Setting[];
  refusals: Refusal[];
}

interface Wish {
  field: keyof Resources;
  controller: Controller;
  file: string;
  text: string;
  /** Left out where the kernel has no such file: there is nothing to limit then. */
  optional?: boolean;
}

/** How long a quota's period is unless it is said, in microseconds. */
const usualPeriod = 100_000;

/**
 * The files of a cgroup that keep these limits, and the limits that none would keep. `numberOf` gives a block
 * device's `major:minor`.
 */
export function planLimits(
  resources: Resources,
  means: LimitSupport,
  numberOf: (path: string) => string,
): LimitPlan {
  const plan: LimitPlan = { settings: [], refusals: unknownToVersion2(resources) };
  for (const wish of wishes(resources, means, numberOf)) {
    const refusal = refusalOf(wish, means);
    if (refusal === undefined) plan.settings.push([wish.file, wish.text]);
    else if (!wish.optional && !plan.refusals.some(({ field }) => field === wish.field)) {
      plan.refusals.push({ field: wish.field, message: refusal });
    }
  }
  return plan;
}

function refusalOf({ field, controller, file }: Wish, { controllers, files, obstacle }: LimitSupport) {
  if (!controllers.has(controller)) {
    const { reason, remedy } = obstacle(controller);
    return `${field} needs the cgroup controller "${controller}": ${reason}: ${remedy}`;
  }
  return files.has(file) ? undefined : `${field} needs the file ${file}, which this kernel does not have`;
}

function unknownToVersion2(resources: Resources): Refusal[] {
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
    .map((field) => ({ field, message: `${field} is no limit of cgroup v2` }));
}

function wishes(resources: Resources, { files }: LimitSupport, numberOf: (path: string) => string): Wish[] {
  return [...memory(resources), ...cpu(resources), ...io(resources, files, numberOf), ...others(resources)];
}

function memory({ Memory, MemorySwap, MemoryReservation }: Resources): Wish[] {
  const found: Wish[] = [];
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

function cpu({ NanoCpus, CpuPeriod, CpuQuota, CpuShares }: Resources): Wish[] {
  const found: Wish[] = [];
  const controller = "cpu";
  const file = "cpu.max";
  if (NanoCpus) {
    const text = `${Math.round((NanoCpus * usualPeriod) / 1e9)} ${usualPeriod}`;
    found.push({ field: "NanoCpus", controller, file, text });
  }
  if (CpuQuota || CpuPeriod) {
    const quota = CpuQuota && CpuQuota > 0 ? CpuQuota : "max";
    const text = `${quota} ${CpuPeriod || usualPeriod}`;
    found.push({ field: CpuQuota ? "CpuQuota" : "CpuPeriod", controller, file, text });
  }
  if (CpuShares) {
    found.push({ field: "CpuShares", controller, file: "cpu.weight", text: String(cpuWeight(CpuShares)) });
  }
  return found;
}

function others({ CpusetCpus, CpusetMems, PidsLimit }: Resources): Wish[] {
  const found: Wish[] = [];
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

function io(resources: Resources, files: ReadonlySet<string>, numberOf: (path: string) => string): Wish[] {
  const controller = "io";
  const rates = (field: keyof Resources, devices: DeviceRate[] | undefined, key: string): Wish[] =>
    (devices ?? []).map(({ Path, Rate }) => ({
      field,
      controller,
      file: "io.max",
      text: `${numberOf(Path)} ${key}=${Rate === 0 ? "max" : Rate}`,
    }));
  // The scheduler bfq has a file of its own, with Docker's range.
  const bfq = files.has("io.bfq.weight");
  const file = bfq ? "io.bfq.weight" : "io.weight";
  const weight = (value: number) => String(bfq ? value : ioWeight(value));
  const { BlkioWeight, BlkioWeightDevice = [] } = resources;
  return [
    ...(BlkioWeight
      ? [{ field: "BlkioWeight", controller, file, text: `default ${weight(BlkioWeight)}` } as const]
      : []),
    ...BlkioWeightDevice.map(
      ({ Path, Weight }): Wish => ({
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

/** Of 2 to 262144, Docker's shares, to 1 to 10000, as every runtime for cgroup v2 does it. */
function cpuWeight(shares: number): number {
  const bounded = Math.min(262_144, Math.max(2, shares));
  return 1 + Math.floor(((bounded - 2) * 9999) / 262_142);
}

/** Of 10 to 1000, Docker's weights, to 1 to 10000. */
function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}
