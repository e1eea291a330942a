import { expect, test } from "bun:test";
import { medianRatio, summarize } from "./statistics.ts";

test("a summary has the extremes, quantiles and spread of the samples", () => {
  const samples = Array.from({ length: 101 }, (_, index) => index + 100);
  expect(summarize(samples)).toEqual({
    count: 101,
    min: 100,
    p50: 150,
    p90: 190,
    p99: 199,
    spread: 50 / 150,
  });
  expect(summarize([])).toBeUndefined();
});

test("the range of a ratio contains 1 for samples of the same source, and not for a shift of a fifth", () => {
  const noise = (base: number) => Array.from({ length: 60 }, (_, index) => base + ((index * 37) % 20) / 10);
  const same = medianRatio(noise(10), noise(10).reverse());
  expect(same?.low).toBeLessThanOrEqual(1);
  expect(same?.high).toBeGreaterThanOrEqual(1);
  const slower = medianRatio(noise(10), noise(12.2));
  expect(slower?.low).toBeGreaterThan(1);
  expect(slower?.ratio).toBeCloseTo(1.2, 1);
});

test("the same samples give the same range", () => {
  const samples = [1, 2, 3, 4, 5];
  expect(medianRatio(samples, [2, 3, 4])).toEqual(medianRatio(samples, [2, 3, 4]));
  expect(medianRatio([], samples)).toBeUndefined();
});
