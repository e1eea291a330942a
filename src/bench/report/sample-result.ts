import type { BenchResult } from "../result.ts";

/** Returns a result for tests with one group of these samples, one phase and one level of clients. */
export function resultWith(samples: Record<string, number[]>): BenchResult {
  const series = Object.entries(samples).map(([name, values]) => ({ name, samples: values, failures: 0 }));
  return {
    format: 1,
    benchmark: "start",
    version: "1.0.0",
    date: "2026-01-02T03:04:05.000Z",
    settings: { image: "hello" },
    machine: {
      processor: "test",
      processors: 2,
      memoryBytes: 2 ** 30,
      kernel: "6.1",
      cgroup: "v2",
      storage: "ext4",
      loadBefore: 0,
      loadAfter: 0,
      jitter: 1,
      warnings: [],
    },
    groups: [{ id: "interleaved", title: "start, interleaved", unit: "ms", comparable: true, series }],
    throughput: [{ name: "API", kind: "clients", parallel: 1, perSecond: 9, samples: [], failures: 0 }],
    phases: [{ part: "API", name: "create", start: 0, end: 1 }],
    skipped: [],
  };
}
