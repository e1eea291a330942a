import { z } from "zod";

/** Values of one candidate in the order of the runs, in the group's unit. A failed run counts only in `failures`. */
const series = z.object({ name: z.string(), samples: z.array(z.number()), failures: z.number() });

const group = z.object({
  id: z.string(),
  title: z.string(),
  /** Unit of the samples: times, of which less is better, or rates. */
  unit: z.enum(["ms", "Gbit/s"]),
  /** Whether the series do the same work, so that a ratio between them means something. */
  comparable: z.boolean(),
  series: z.array(series),
});

/** Several starts at a time: by clients that start one container after the other, or all at once. */
const throughput = z.object({
  name: z.string(),
  kind: z.enum(["clients", "burst"]),
  parallel: z.number(),
  /** Containers that were started, ran and ended in a second. */
  perSecond: z.number(),
  /** Duration of each start in milliseconds. */
  samples: z.array(z.number()),
  failures: z.number(),
});

/** One part of a start; both times are medians in milliseconds since the request was sent. */
const phase = z.object({ part: z.string(), name: z.string(), start: z.number(), end: z.number() });

const machine = z.object({
  processor: z.string(),
  processors: z.number(),
  memoryBytes: z.number(),
  kernel: z.string(),
  cgroup: z.string(),
  /** Type of the file system that holds the daemon's data. */
  storage: z.string(),
  loadBefore: z.number(),
  loadAfter: z.number(),
  /** Slowest tenth of equal calculations divided by their median; 1 on an idle machine. */
  jitter: z.number(),
  /** Reasons why the figures may say little. */
  warnings: z.array(z.string()),
});

/** The outcome of a benchmark, as `--json` prints it. */
export const benchResult = z.object({
  format: z.literal(1),
  benchmark: z.string(),
  version: z.string(),
  /** ISO 8601. */
  date: z.string(),
  /** Settings of the run, as texts. */
  settings: z.record(z.string(), z.string()),
  machine,
  groups: z.array(group),
  throughput: z.array(throughput),
  phases: z.array(phase),
  /** Candidates that were not measured, with the reason. */
  skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
});

export type BenchResult = z.infer<typeof benchResult>;
/** Name and title of a group. */
export type GroupTitle = Omit<Group, "series">;
export type Group = z.infer<typeof group>;
export type Machine = z.infer<typeof machine>;
export type Phase = z.infer<typeof phase>;
export type Series = z.infer<typeof series>;
export type Throughput = z.infer<typeof throughput>;
