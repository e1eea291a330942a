import { describe, expect, test } from "bun:test";
import { type LimitSupport, planLimits } from "./plan-limits.ts";
import type { Resources } from "./resources.ts";

const files = ["memory.max", "memory.swap.max", "memory.low", "cpu.max", "cpu.weight", "pids.max"];
const everything: LimitSupport = {
  controllers: new Set(["cpu", "cpuset", "io", "memory", "pids"]),
  files: new Set([...files, "cpuset.cpus", "cpuset.mems", "io.max", "io.weight"]),
  obstacle: () => ({ reason: "why", remedy: "what to do" }),
};
const plan = (resources: Resources, means = everything) => planLimits(resources, means, () => "8:0");

describe("a limit becomes the text of a file", () => {
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
    expect(plan(resources).refusals).toEqual([]);
  });
});

test("the scheduler bfq has weights of its own", () => {
  const means = { ...everything, files: new Set([...everything.files, "io.bfq.weight"]) };
  expect(plan({ BlkioWeight: 300 }, means).settings).toEqual([["io.bfq.weight", "default 300"]]);
});

describe("a limit that cannot be kept is refused by name", () => {
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
    [{ MemorySwappiness: 5 }, everything, "MemorySwappiness is no limit of cgroup v2"],
    [{ KernelMemory: 5 }, everything, "KernelMemory is no limit of cgroup v2"],
  ])("%j", (resources, means, message) => {
    const { refusals, settings } = plan(resources, means);
    expect(refusals.map((refusal) => refusal.message)).toEqual([message]);
    expect(settings).toEqual([]);
  });

  test("but no limit at all needs no controller", () => {
    const means = without("memory", "memory.swap.max");
    expect(plan({ MemorySwap: -1 }, means)).toEqual({ settings: [], refusals: [] });
    expect(plan({ PidsLimit: -1 }, without("pids"))).toEqual({ settings: [], refusals: [] });
  });

  test("where the kernel counts no swap, memory is limited all the same", () => {
    const means = without("", "memory.swap.max");
    expect(plan({ Memory: 100, MemorySwap: 200 }, means).settings).toEqual([["memory.max", "100"]]);
    expect(plan({ Memory: 100, MemorySwap: 150 }, means).refusals).toHaveLength(1);
  });
});
