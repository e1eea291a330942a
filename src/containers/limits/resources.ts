/** Rate limit of a block device of the host. */
export interface DeviceRate {
  Path: string;
  /** Bytes or operations per second. */
  Rate: number;
}

/** Resource limits of a container in Docker's fields. Zero and an absent field mean no limit. */
export interface Resources {
  /** Bytes. */
  Memory?: number;
  /** Memory and swap together; -1 is unlimited. */
  MemorySwap?: number;
  MemoryReservation?: number;
  MemorySwappiness?: number;
  OomKillDisable?: boolean;
  KernelMemory?: number;
  KernelMemoryTCP?: number;
  /** Billionths of a processor. */
  NanoCpus?: number;
  /** Microseconds. */
  CpuPeriod?: number;
  CpuQuota?: number;
  CpuShares?: number;
  CpuRealtimePeriod?: number;
  CpuRealtimeRuntime?: number;
  /** Numbers and ranges. */
  CpusetCpus?: string;
  CpusetMems?: string;
  /** -1 is unlimited. */
  PidsLimit?: number;
  BlkioWeight?: number;
  BlkioWeightDevice?: { Path: string; Weight: number }[];
  BlkioDeviceReadBps?: DeviceRate[];
  BlkioDeviceWriteBps?: DeviceRate[];
  BlkioDeviceReadIOps?: DeviceRate[];
  BlkioDeviceWriteIOps?: DeviceRate[];
}

export const resourceFields = [
  "Memory",
  "MemorySwap",
  "MemoryReservation",
  "MemorySwappiness",
  "OomKillDisable",
  "KernelMemory",
  "KernelMemoryTCP",
  "NanoCpus",
  "CpuPeriod",
  "CpuQuota",
  "CpuShares",
  "CpuRealtimePeriod",
  "CpuRealtimeRuntime",
  "CpusetCpus",
  "CpusetMems",
  "PidsLimit",
  "BlkioWeight",
  "BlkioWeightDevice",
  "BlkioDeviceReadBps",
  "BlkioDeviceWriteBps",
  "BlkioDeviceReadIOps",
  "BlkioDeviceWriteIOps",
] as const satisfies (keyof Resources)[];

/** Returns the resource fields with a limit. */
export function resourcesOf(fields: Resources): Resources {
  const limited = resourceFields.filter((name) => {
    const value = fields[name];
    // Zero is a limit here: never swap.
    if (name === "MemorySwappiness") return value !== undefined;
    return Array.isArray(value) ? value.length > 0 : Boolean(value);
  });
  return Object.fromEntries(limited.map((name) => [name, fields[name]]));
}
