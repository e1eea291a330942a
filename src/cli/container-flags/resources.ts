import type { FlagValues } from "../flags/flag.ts";
import { nonEmpty } from "./non-empty.ts";
import type { deviceRateFlags, resourceFlags } from "./resource-flags.ts";

/** Returns the limits as members of `HostConfig`. */
export function resources(flags: FlagValues<typeof resourceFlags>): Record<string, unknown> {
  return {
    BlkioWeight: flags["blkio-weight"],
    CpuPeriod: flags["cpu-period"],
    CpuQuota: flags["cpu-quota"],
    CpuRealtimePeriod: flags["cpu-rt-period"],
    CpuRealtimeRuntime: flags["cpu-rt-runtime"],
    CpuShares: flags["cpu-shares"],
    NanoCpus: flags.cpus,
    CpusetCpus: flags["cpuset-cpus"],
    CpusetMems: flags["cpuset-mems"],
    KernelMemory: flags["kernel-memory"],
    Memory: flags.memory,
    MemoryReservation: flags["memory-reservation"],
    MemorySwap: flags["memory-swap"],
    PidsLimit: flags["pids-limit"],
  };
}

/** Returns the limits that an update cannot change. */
export function deviceRates(flags: FlagValues<typeof deviceRateFlags>): Record<string, unknown> {
  return {
    BlkioWeightDevice: nonEmpty(flags["blkio-weight-device"]),
    BlkioDeviceReadBps: nonEmpty(flags["device-read-bps"]),
    BlkioDeviceReadIOps: nonEmpty(flags["device-read-iops"]),
    BlkioDeviceWriteBps: nonEmpty(flags["device-write-bps"]),
    BlkioDeviceWriteIOps: nonEmpty(flags["device-write-iops"]),
    MemorySwappiness: flags["memory-swappiness"],
    OomKillDisable: flags["oom-kill-disable"] || undefined,
  };
}
