import { describe, expect, test } from "bun:test";
import { type LimitSupport, planLimits } from "./plan-limits.ts";
import type { Resources } from "./resources.ts";

const files = ["memory.max", "memory.swap.max", "memory.low", "cpu.max", "cpu.weight", "pids.max"];
const everything: LimitSupport = {
  controllers: new Set(["cpu", "cpuset", "io", "memory", "pids"]),
  files: new Set([...files, "cpuset.cpus", "cpuset.mems", "io.max", "io.weight"]),
  obstacle: () => ({ reason: "why", remedy: "what to do" }),
};
const plan = (resources: Resources, support = everything) => planLimits(resources, support, () => "8:0");

describe("a limit becomes the content of a cgroup file", () => {
  test.each<[Resources, string, string]>([
    [{ Memory: 33_554_432 }, "memory.max", "33554432"],
    [{ Memory: 100, MemorySwap: 150 }, "memory.swap.max", "50"],
    [{ Memory: 100, MemorySwap: -1 }, "memory.swap.max", "max"],
    [{ MemoryReservation: 7 }, "memory.low", "7"],
    [{ NanoCpus: 1_500_000_000 }, "cpu.max", "150000 100000"],
    [{ CpuQuota: 5000, CpuPeriod: 20_000 }, "cpu.max", "5000 20000"],
    [{ CpuPeriod: 20_000 }, "cpu.max", "max 20000"],
    [{ CpuShares: 1024 }, "cpu.weight", "39"],
    [{ CpuShares: 2 }, "cpu.weight", "1"],
    [{ CpuShares: 999_999 }, "cpu.weight", "10000"],
    [{ CpusetCpus: "0-1" }, "cpuset.cpus", "0-1"],
    [{ CpusetMems: "0" }, "cpuset.mems", "0"],
    [{ PidsLimit: 10 }, "pids.max", "10"],
    [{ PidsLimit: -1 }, "pids.max", "max"],
    [{ BlkioWeight: 1000 }, "io.weight", "default 10000"],
    [{ BlkioWeightDevice: [{ Path: "/dev/sda", Weight: 10 }] }, "io.weight", "8:0 1"],
    [{ BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 5 }] }, "io.max", "8:0 rbps=5"],
    [{ BlkioDeviceWriteBps: [{ Path: "/dev/sda", Rate: 5 }] }, "io.max", "8:0 wbps=5"],
    [{ BlkioDeviceReadIOps: [{ Path: "/dev/sda", Rate: 5 }] }, "io.max", "8:0 riops=5"],
    [{ BlkioDeviceWriteIOps: [{ Path: "/dev/sda", Rate: 0 }] }, "io.max", "8:0 wiops=max"],
  ])("%j", (resources, file, text) => {
    expect(plan(resources).settings).toContainEqual([file, text]);
    expect(plan(resources).unsupported).toEqual([]);
  });
});

test("the bfq scheduler gets its own file and range", () => {
  const support = { ...everything, files: new Set([...everything.files, "io.bfq.weight"]) };
  expect(plan({ BlkioWeight: 300 }, support).settings).toEqual([["io.bfq.weight", "default 300"]]);
});

describe("a limit that cannot be enforced is reported by name", () => {
  const without = (controller: string, ...lost: string[]): LimitSupport => ({
    controllers: new Set([...everything.controllers].filter((name) => name !== controller)),
    files: new Set([...everything.files].filter((name) => !lost.includes(name))),
    obstacle: everything.obstacle,
  });
  test.each<[Resources, LimitSupport, string]>([
    [{ Memory: 1 }, without("memory"), 'Memory needs the cgroup controller "memory": why: what to do'],
    [{ NanoCpus: 1e9 }, without("cpu"), 'NanoCpus needs the cgroup controller "cpu": why: what to do'],
    [{ PidsLimit: 5 }, without("pids"), 'PidsLimit needs the cgroup controller "pids": why: what to do'],
    [
      { BlkioWeight: 100 },
      without("", "io.weight"),
      "BlkioWeight needs the file io.weight, which this kernel does not have",
    ],
    [{ MemorySwappiness: 5 }, everything, "MemorySwappiness is not supported by cgroup v2"],
    [{ KernelMemory: 5 }, everything, "KernelMemory is not supported by cgroup v2"],
  ])("%j", (resources, support, message) => {
    const { unsupported, settings } = plan(resources, support);
    expect(unsupported.map(({ message }) => message)).toEqual([message]);
    expect(settings).toEqual([]);
  });

  test("an unlimited resource needs no controller", () => {
    const support = without("memory", "memory.swap.max");
    expect(plan({ MemorySwap: -1 }, support)).toEqual({ settings: [], unsupported: [] });
    expect(plan({ PidsLimit: -1 }, without("pids"))).toEqual({ settings: [], unsupported: [] });
  });

  test("a memory limit is enforced on a kernel without swap accounting", () => {
    const support = without("", "memory.swap.max");
    expect(plan({ Memory: 100, MemorySwap: 200 }, support).settings).toEqual([["memory.max", "100"]]);
    expect(plan({ Memory: 100, MemorySwap: 150 }, support).unsupported).toHaveLength(1);
  });
});
