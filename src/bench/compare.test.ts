import { expect, test } from "bun:test";
import { compareResults } from "./compare.ts";
import { resultWith } from "./report/sample-result.ts";

const around = (value: number) => Array.from({ length: 50 }, (_, index) => value * (1 + (index % 10) / 100));

test("a difference beyond the noise is faster or slower, and a small one is not", () => {
  const before = resultWith({ run: around(10), exec: around(5), ps: around(2) });
  const after = resultWith({ run: around(12), exec: around(3), ps: around(2.02) });
  const verdicts = compareResults(before, after).map(({ name, verdict }) => [name, verdict]);
  expect(verdicts).toEqual([
    ["run", "slower"],
    ["exec", "faster"],
    ["ps", "same"],
  ]);
});

test("a series that only one result has is not compared", () => {
  expect(compareResults(resultWith({ run: [1] }), resultWith({ exec: [1] }))).toEqual([]);
});

test("a higher rate is faster", () => {
  const rates = (value: number) => {
    const result = resultWith({ native: around(value) });
    for (const group of result.groups) group.unit = "Gbit/s";
    return result;
  };
  expect(compareResults(rates(10), rates(20))).toMatchObject([{ verdict: "faster" }]);
});
