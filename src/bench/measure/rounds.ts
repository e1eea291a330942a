import type { Group, GroupTitle, Series, Throughput } from "../result.ts";
import { type Candidate, observeCommand, RunFailure, timeCommand } from "./candidate.ts";

/** How often the candidates of a group run. */
export interface Rounds {
  rounds: number;
  warmups: number;
  /** Idle milliseconds before each run: caches differ between a tight loop and an idle machine. */
  pause: number;
  signal: AbortSignal;
}

/**
 * Times every candidate once in a round, in turn, so that the noise of a shared machine affects all of them equally. The
 * warm-up rounds must succeed.
 */
export async function interleaved(
  title: GroupTitle,
  candidates: readonly Candidate[],
  { rounds, warmups, pause, signal }: Rounds,
): Promise<Group> {
  const all = candidates.map(({ name }): Series => ({ name, samples: [], failures: 0 }));
  for (let round = -warmups; round < rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      await Bun.sleep(pause);
      signal.throwIfAborted();
      const one = all[index];
      if (round < 0) timeCommand(candidate);
      else if (one) addRun(one, () => timeCommand(candidate));
    }
  }
  return { ...title, series: all };
}

/** Times all runs of a candidate before those of the next one and without a pause, as a script of a CI job would. */
export async function backToBack(
  title: GroupTitle,
  candidates: readonly Candidate[],
  { rounds, warmups, signal }: Rounds,
): Promise<Group> {
  const all: Series[] = [];
  for (const candidate of candidates) {
    const one: Series = { name: candidate.name, samples: [], failures: 0 };
    for (let run = -warmups; run < rounds; run++) {
      if (run % 8 === 0) await Bun.sleep(0);
      signal.throwIfAborted();
      if (run < 0) timeCommand(candidate);
      else addRun(one, () => timeCommand(candidate));
    }
    all.push(one);
  }
  return { ...title, series: all };
}

function addRun(series: Series, run: () => number): void {
  try {
    series.samples.push(run());
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    series.failures++;
  }
}

/** Starts `parallel` clients that each run the candidate again and again, until `runs` runs have ended. */
export async function clients(
  name: string,
  run: () => Promise<number>,
  { parallel, runs, signal }: { parallel: number; runs: number; signal: AbortSignal },
): Promise<Throughput> {
  const samples: number[] = [];
  let failures = 0;
  let left = runs;
  const start = Bun.nanoseconds();
  const client = async () => {
    while (left-- > 0) {
      signal.throwIfAborted();
      try {
        samples.push(await run());
      } catch (error) {
        if (!(error instanceof RunFailure)) throw error;
        failures++;
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, client));
  const seconds = (Bun.nanoseconds() - start) / 1e9;
  return { name, kind: "clients", parallel, perSecond: samples.length / seconds, samples, failures };
}

/** Runs the candidate `parallel` times at once, and that for each of the repetitions. */
export async function burst(
  candidate: Candidate,
  { parallel, repetitions, signal }: { parallel: number; repetitions: number; signal: AbortSignal },
): Promise<Throughput> {
  const parts: Throughput[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const run = async () => (await observeCommand(candidate)).total;
    parts.push(await clients(candidate.name, run, { parallel, runs: parallel, signal }));
  }
  const rates = parts.map(({ perSecond }) => perSecond).sort((a, b) => a - b);
  return {
    name: candidate.name,
    kind: "burst",
    parallel,
    perSecond: rates[Math.floor(rates.length / 2)] ?? 0,
    samples: parts.flatMap(({ samples }) => samples),
    failures: parts.reduce((sum, { failures }) => sum + failures, 0),
  };
}
