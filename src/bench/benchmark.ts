import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { version } from "#support/version.ts";
import { describeMachine, observeMachine } from "./measure/machine.ts";
import { removeTree } from "./private-store.ts";
import type { BenchResult } from "./result.ts";

/** Options of all benchmarks. */
export interface BenchmarkOptions {
  rounds: number;
  /** Receives the title of each part before its measurement. */
  progress(title: string): void;
  signal: AbortSignal;
}

/** Figures and settings of a benchmark; the machine and the date are added. */
export type Figures = Pick<BenchResult, "groups" | "settings" | "skipped"> &
  Partial<Pick<BenchResult, "phases" | "throughput">> & {
    /** Directory whose file system the benchmark used. */
    storage: string;
  };

/** Runs a benchmark with a temporary directory, which is removed at the end, and describes the machine. */
export async function runBenchmark(
  name: string,
  measure: (directory: string) => Promise<Figures>,
): Promise<BenchResult> {
  const before = observeMachine();
  const directory = mkdtempSync(`${tmpdir()}/tbox-bench-`);
  try {
    const { storage, ...figures } = await measure(directory);
    return {
      format: 1,
      benchmark: name,
      version,
      date: new Date().toISOString(),
      machine: describeMachine(before, storage),
      throughput: [],
      phases: [],
      ...figures,
    };
  } finally {
    removeTree(directory);
  }
}
