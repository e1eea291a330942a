import { expect, test } from "bun:test";
import { checkResources } from "./check-resources.ts";
import type { Resources } from "./resources.ts";
import { mergeResources } from "./update-limits.ts";

const machine = { cpus: 2, available: () => ({ cpus: "0-1,4", mems: "0" }) };
const mebibytes = (count: number) => count * 1024 * 1024;

test.each<[Resources, string]>([
  [{ Memory: 5 }, "Minimum memory limit allowed is 6MB"],
  [{ MemorySwap: mebibytes(9) }, "always set the Memory limit when using Memoryswap"],
  [{ Memory: mebibytes(9), MemorySwap: mebibytes(8) }, "memoryswap limit should be larger than memory"],
  [{ MemorySwap: -2 }, "invalid memory-swap -2"],
  [{ Memory: mebibytes(9), MemoryReservation: mebibytes(10) }, "less than memory reservation"],
  [{ NanoCpus: 3e9 }, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"],
  [{ NanoCpus: 1e9, CpuQuota: 5000 }, "Nano CPUs and CPU Quota cannot both be set"],
  [{ NanoCpus: 1e9, CpuPeriod: 5000 }, "Nano CPUs and CPU Period cannot both be set"],
  [{ CpuPeriod: 999 }, "CPU cfs period can not be less than 1ms"],
  [{ CpuQuota: 999 }, "CPU cfs quota can not be less than 1ms"],
  [{ CpuShares: -1 }, "invalid CPU shares (-1): value must be a positive integer"],
  [{ CpusetCpus: "0-2" }, "requested CPUs are not available - requested 0-2, available: 0-1,4"],
  [{ CpusetCpus: "1-0" }, "requested CPUs are not available"],
  [{ CpusetCpus: "all" }, "Invalid value all for cpuset cpus"],
  [{ CpusetMems: "1" }, "requested memory nodes are not available - requested 1, available: 0"],
  [{ PidsLimit: -2 }, "invalid pids limit -2"],
  [{ BlkioWeight: 5 }, "range of blkio weight is from 10 to 1000"],
  [{ BlkioWeightDevice: [{ Path: "/dev/sda", Weight: 2000 }] }, "range of blkio weight"],
])("%j is refused", (resources, message) => {
  expect(() => checkResources(resources, machine)).toThrow(message);
});

test.each<Resources>([
  {},
  { Memory: mebibytes(6), MemorySwap: -1, MemoryReservation: mebibytes(6) },
  { NanoCpus: 2e9, CpusetCpus: "4,0-1", CpusetMems: "0" },
  { PidsLimit: -1, BlkioWeight: 10, CpuShares: 2 },
])("%j is accepted", (resources) => {
  expect(() => checkResources(resources, machine)).not.toThrow();
});

test("an update that contradicts the current limits is refused", () => {
  const merge = (current: Resources, changes: Resources) => () => mergeResources(current, changes);
  expect(merge({ NanoCpus: 1e9 }, { CpuQuota: 5000 })).toThrow("CPU Quota cannot be updated as NanoCPUs");
  expect(merge({ CpuPeriod: 5000 }, { NanoCpus: 1e9 })).toThrow("as CPU Period has already been set");
  expect(merge({ Memory: 5, MemorySwap: 10 }, { Memory: 11 })).toThrow("smaller than already set memoryswap");
  expect(merge({ Memory: 5, MemorySwap: 10 }, { Memory: 7 })()).toEqual({ Memory: 7, MemorySwap: 10 });
});
