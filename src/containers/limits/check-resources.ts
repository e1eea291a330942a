import { invalidArgument } from "#support/errors.ts";
import { includesAll } from "./number-set.ts";
import type { Resources } from "./resources.ts";

/** Processors and memory nodes of the host. */
export interface Machine {
  /** Number of processors. */
  cpus: number;
  /** Returns the processors and memory nodes available to containers, as kernel lists; unknown without `cpuset`. */
  available(): { cpus?: string; mems?: string };
}

const minimumMemory = 6 * 1024 * 1024;

/** Throws invalid-argument with Docker's text for values that are invalid on any machine. */
export function checkResources(resources: Resources, machine: Machine): void {
  checkMemory(resources);
  checkCpu(resources, machine.cpus);
  const { CpusetCpus = "", CpusetMems = "" } = resources;
  if (CpusetCpus !== "") checkSet("CPUs", CpusetCpus, machine.available().cpus);
  if (CpusetMems !== "") checkSet("memory nodes", CpusetMems, machine.available().mems);
  const { PidsLimit = 0, BlkioWeight } = resources;
  if (PidsLimit < -1) throw invalidArgument(`invalid pids limit ${PidsLimit}: -1 is unlimited`);
  const weights = [BlkioWeight ?? 0, ...(resources.BlkioWeightDevice ?? []).map(({ Weight }) => Weight)];
  if (weights.some((weight) => weight !== 0 && (weight < 10 || weight > 1000))) {
    throw invalidArgument("range of blkio weight is from 10 to 1000");
  }
}

function checkMemory({ Memory = 0, MemorySwap = 0, MemoryReservation = 0 }: Resources): void {
  if (Memory !== 0 && Memory < minimumMemory) throw invalidArgument("Minimum memory limit allowed is 6MB");
  if (MemorySwap < -1) throw invalidArgument(`invalid memory-swap ${MemorySwap}: -1 is unlimited`);
  if (MemorySwap > 0 && Memory === 0) {
    throw invalidArgument("you should always set the Memory limit when using Memoryswap limit, see usage");
  }
  if (MemorySwap > 0 && MemorySwap < Memory) {
    throw invalidArgument("minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (MemoryReservation !== 0 && MemoryReservation < minimumMemory) {
    throw invalidArgument("minimum memory reservation allowed is 6MB");
  }
  if (Memory > 0 && MemoryReservation > Memory) {
    throw invalidArgument("minimum memory limit can not be less than memory reservation limit, see usage");
  }
}

function checkCpu(
  { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, CpuShares = 0 }: Resources,
  cpus: number,
): void {
  if (NanoCpus > 0 && CpuPeriod > 0) {
    throw invalidArgument("conflicting options: Nano CPUs and CPU Period cannot both be set");
  }
  if (NanoCpus > 0 && CpuQuota > 0) {
    throw invalidArgument("conflicting options: Nano CPUs and CPU Quota cannot both be set");
  }
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9 || (NanoCpus > 0 && NanoCpus < 1e7)) {
    throw invalidArgument(
      `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
    );
  }
  if (CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
    throw invalidArgument(
      "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
    );
  }
  if (CpuQuota > 0 && CpuQuota < 1000) {
    throw invalidArgument("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  }
  if (CpuShares < 0)
    throw invalidArgument(`invalid CPU shares (${CpuShares}): value must be a positive integer`);
}

function checkSet(what: string, requested: string, available: string | undefined): void {
  if (!/^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/.test(requested)) {
    throw invalidArgument(`Invalid value ${requested} for cpuset ${what === "CPUs" ? "cpus" : "mems"}`);
  }
  if (available !== undefined && !includesAll(available, requested)) {
    throw invalidArgument(
      `requested ${what} are not available - requested ${requested}, available: ${available}`,
    );
  }
}
