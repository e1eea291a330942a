import { medianRatio } from "./measure/statistics.ts";
import type { BenchResult, Group } from "./result.ts";

/** A series that both results have. */
export interface Comparison {
  group: string;
  name: string;
  /** Medians in the group's unit. */
  before: number;
  after: number;
  ratio: number;
  /** `same` if the difference is within the noise of the samples, or below 3 %. */
  verdict: "faster" | "same" | "slower";
}

const smallest = 0.03;

/**
 * Compares the series of two results. A difference counts only if the ratio of the medians differs from 1 with a
 * probability of 99 %.
 */
export function compareResults(before: BenchResult, after: BenchResult): Comparison[] {
  const later = new Map(samplesOf(after).map((one) => [key(one), one]));
  return samplesOf(before).flatMap((old) => {
    const range = medianRatio(old.samples, later.get(key(old))?.samples ?? []);
    const median = medianRatio([1], old.samples)?.ratio;
    if (range === undefined || median === undefined) return [];
    const { ratio, low, high } = range;
    const changed = (high < 1 && ratio < 1 - smallest) || (low > 1 && ratio > 1 + smallest);
    const better = old.unit === "ms" ? ratio < 1 : ratio > 1;
    const verdict = !changed ? "same" : better ? "faster" : "slower";
    return [{ group: old.group, name: old.name, before: median, after: median * ratio, ratio, verdict }];
  });
}

interface Samples {
  unit: Group["unit"];
  group: string;
  name: string;
  samples: number[];
}

function samplesOf({ groups, throughput }: BenchResult): Samples[] {
  return [
    ...groups.flatMap(({ title, unit, series }) =>
      series.map(({ name, samples }) => ({ unit, group: title, name, samples })),
    ),
    ...throughput.map(({ kind, name, parallel, samples }) => ({
      unit: "ms" as const,
      group: `${parallel} ${kind === "burst" ? "at once" : "at a time"}`,
      name,
      samples,
    })),
  ];
}

function key({ group, name }: Samples): string {
  return `${group}\n${name}`;
}
