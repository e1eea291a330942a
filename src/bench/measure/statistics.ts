import { quantile, sampleWithReplacement } from "simple-statistics";

/** Figures of one series, in the unit of its samples. */
export interface Summary {
  count: number;
  min: number;
  p50: number;
  p90: number;
  p99: number;
  /** Distance between the quartiles, relative to the median. */
  spread: number;
}

/** Summarizes samples; undefined without any. */
export function summarize(samples: readonly number[]): Summary | undefined {
  if (samples.length === 0) return undefined;
  const all = [...samples];
  const p50 = quantile(all, 0.5);
  return {
    count: all.length,
    min: Math.min(...all),
    p50,
    p90: quantile(all, 0.9),
    p99: quantile(all, 0.99),
    spread: (quantile(all, 0.75) - quantile(all, 0.25)) / p50,
  };
}

/** Bounds that contain the ratio of two medians with a probability of 99 %. */
export interface RatioRange {
  ratio: number;
  low: number;
  high: number;
}

const resamples = 1000;

/** Estimates the ratio of the median of `after` to that of `before` by resampling; the same input gives the same result. */
export function medianRatio(before: readonly number[], after: readonly number[]): RatioRange | undefined {
  if (before.length === 0 || after.length === 0) return undefined;
  const random = generator(before.length * 31 + after.length);
  const medianOf = (samples: readonly number[]) =>
    quantile(sampleWithReplacement([...samples], samples.length, random), 0.5);
  const ratios = Array.from({ length: resamples }, () => medianOf(after) / medianOf(before));
  return {
    ratio: quantile([...after], 0.5) / quantile([...before], 0.5),
    low: quantile(ratios, 0.005),
    high: quantile(ratios, 0.995),
  };
}

/** Returns a generator of numbers from 0 to 1 (Mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
