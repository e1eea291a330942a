import { summarize } from "../measure/statistics.ts";
import type { BenchResult, Group, Machine, Phase, Throughput } from "../result.ts";

/** A title, and rows of cells whose first row is the heading. */
export interface Table {
  title: string;
  rows: string[][];
}

/** Returns the figures of a result as tables; all times are in milliseconds. */
export function tablesOf({ groups, throughput, phases }: BenchResult): Table[] {
  const tables = groups.map(groupTable);
  for (const kind of ["clients", "burst"] as const) {
    const some = throughput.filter((one) => one.kind === kind);
    if (some.length > 0) tables.push(throughputTable(throughputTitles[kind], some));
  }
  if (phases.length > 0) tables.push(phaseTable(phases));
  return tables;
}

function groupTable({ title, unit, comparable, series }: Group): Table {
  const [first] = series;
  const reference = comparable && first ? summarize(first.samples)?.p50 : undefined;
  const last = reference === undefined ? [] : [`${first?.name} / THIS`];
  const heading = ["NAME", "RUNS", "MIN", "P50", "P90", "P99", "SPREAD", "FAILED", ...last];
  const rows = series.map(({ name, samples, failures }) => {
    const summary = summarize(samples);
    if (summary === undefined) return [name, "0", "", "", "", "", "", String(failures)];
    const { count, min, p50, p90, p99, spread } = summary;
    const times = [min, p50, p90, p99].map(milliseconds);
    const ratio = reference === undefined ? [] : [(reference / p50).toFixed(2)];
    return [name, String(count), ...times, percent(spread), String(failures), ...ratio];
  });
  return { title: `${title}, ${unit}`, rows: [heading, ...rows] };
}

/** Titles of the two kinds of throughput. */
export const throughputTitles: Record<Throughput["kind"], string> = {
  clients: "several clients, each starts one container after the other",
  burst: "several starts at once",
};

function throughputTable(title: string, all: Throughput[]): Table {
  const rows = all.map(({ name, parallel, perSecond, samples, failures }) => {
    const summary = summarize(samples);
    const times = summary ? [summary.p50, summary.p99].map(milliseconds) : ["", ""];
    return [name, String(parallel), perSecond.toFixed(0), ...times, String(failures)];
  });
  return {
    title,
    rows: [["NAME", "PARALLEL", "PER SECOND", "P50", "P99", "FAILED"], ...rows],
  };
}

function phaseTable(phases: Phase[]): Table {
  const rows = phases.map(({ part, name, start, end }) => [
    part,
    name,
    milliseconds(start),
    milliseconds(end - start),
  ]);
  return {
    title: "phases of a start over the API, medians, ms",
    rows: [["PART", "PHASE", "FROM", "TIME"], ...rows],
  };
}

/** Returns lines about the machine, with its warnings. */
export function machineLines(machine: Machine): string[] {
  const { processor, processors, memoryBytes, kernel, cgroup, storage } = machine;
  const loads = `${machine.loadBefore.toFixed(2)} before, ${machine.loadAfter.toFixed(2)} after`;
  return [
    `${processors} × ${processor}, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, Linux ${kernel}`,
    `cgroup ${cgroup}, storage ${storage}, load average ${loads}, jitter ${machine.jitter.toFixed(2)}`,
    ...machine.warnings.map((warning) => `noisy: ${warning}`),
  ];
}

function milliseconds(value: number): string {
  return value.toFixed(value < 100 ? 2 : 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
