/** A command to time. It runs without a shell and with empty standard input, and must exit with 0. */
export interface Candidate {
  name: string;
  command: string[];
  environment: Record<string, string>;
}

/** Wall-clock times of one candidate in milliseconds, sorted. */
export interface Series {
  name: string;
  times: number[];
}

export interface MeasureOptions {
  rounds: number;
  warmups: number;
  /** Idle milliseconds before each start: caches differ between a tight loop and an idle machine. */
  pause: number;
}

/**
 * Times every candidate once per round, in turn, so that the noise of a shared machine affects all of them equally.
 * Throws when a run fails, because a fast failure is not a result.
 */
export function measure(candidates: Candidate[], options: MeasureOptions): Series[] {
  const series = candidates.map((candidate) => ({ name: candidate.name, times: [] as number[] }));
  for (let round = -options.warmups; round < options.rounds; round++) {
    candidates.forEach((candidate, index) => {
      Bun.sleepSync(options.pause);
      const time = timeOnce(candidate);
      if (round >= 0) series[index]?.times.push(time);
    });
  }
  for (const one of series) one.times.sort((a, b) => a - b);
  return series;
}

/** Returns the value below which the given share of a sorted series is. */
export function quantile(sorted: number[], share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error("quantile of an empty series");
  return value;
}

function timeOnce(candidate: Candidate): number {
  const before = Bun.nanoseconds();
  const result = Bun.spawnSync(candidate.command, {
    env: candidate.environment,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const time = (Bun.nanoseconds() - before) / 1e6;
  if (result.exitCode !== 0) {
    throw new Error(`${candidate.name} exited with ${result.exitCode}: ${result.stderr.toString().trim()}`);
  }
  return time;
}
