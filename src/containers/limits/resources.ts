/** A device of the host and what is asked of it. */
export interface DeviceRate {
  Path: string;
  /** Bytes or operations per second. */
  Rate: number;
}

/** What a container may use up, in Docker's fields; 0 and nothing are the same. */
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

/** The resources among other fields, without those that ask for nothing. */
export function resourcesOf(fields: Resources): Resources {
  const asked = resourceFields.filter((name) => {
    const value = fields[name];
    // 0 is a wish: never to swap.
    if (name === "MemorySwappiness") return value !== undefined;
    return Array.isArray(value) ? value.length > 0 : Boolean(value);
  });
  return Object.fromEntries(asked.map((name) => [name, fields[name]]));
}
