import type { Cgroup, Setting } from "#native/cgroup/cgroup.ts";
import { errorChain, invalidArgument, type TboxError } from "#support/errors.ts";
import type { Resources } from "./resources.ts";

/** Returns the limits of a container after an update. Throws invalid-argument for contradictory changes. */
export function mergeResources(current: Resources, changes: Resources): Resources {
  const { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, Memory = 0, MemorySwap = 0 } = changes;
  for (const [name, value] of Object.entries({ CpuQuota, CpuPeriod })) {
    if (value && current.NanoCpus) {
      throw conflicting(`${withSpace(name)} cannot be updated as NanoCPUs has already been set`);
    }
    if (NanoCpus && (name === "CpuQuota" ? current.CpuQuota : current.CpuPeriod)) {
      throw conflicting(`Nano CPUs cannot be updated as ${withSpace(name)} has already been set`);
    }
  }
  const swap = current.MemorySwap ?? 0;
  if (Memory > 0 && MemorySwap === 0 && swap > 0 && Memory > swap) {
    throw invalidArgument(
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
  }
  return { ...current, ...changes };
}

/** Writes all settings, or restores the old ones and throws. */
export function applySettings(cgroup: Cgroup, settings: Setting[]): void {
  const undo: Setting[] = [];
  try {
    for (const [file, text] of settings) {
      const before = cgroup.read(file).trim();
      cgroup.write(file, text);
      if (before !== "") undo.unshift([file, before]);
    }
  } catch (cause) {
    for (const [file, text] of undo) cgroup.write(file, text);
    throw invalidArgument(`limit the container: ${errorChain(cause)}`);
  }
}

function withSpace(name: string): string {
  return name.replace("Cpu", "CPU ");
}

function conflicting(message: string): TboxError {
  return invalidArgument(`conflicting options: ${message}`);
}
