import type { FlagValues } from "../flags/flag.ts";
import type { deviceRateFlags, resourceFlags } from "./resource-flags.ts";

/** The limits of a command line, as the API spells them. */
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

/** Those that cannot be changed later. */
export function deviceRates(flags: FlagValues<typeof deviceRateFlags>): Record<string, unknown> {
  const some = <T>(values: T[]) => (values.length === 0 ? undefined : values);
  return {
    BlkioWeightDevice: some(flags["blkio-weight-device"]),
    BlkioDeviceReadBps: some(flags["device-read-bps"]),
    BlkioDeviceReadIOps: some(flags["device-read-iops"]),
    BlkioDeviceWriteBps: some(flags["device-write-bps"]),
    BlkioDeviceWriteIOps: some(flags["device-write-iops"]),
    MemorySwappiness: flags["memory-swappiness"],
    OomKillDisable: flags["oom-kill-disable"] || undefined,
  };
}
