import { expect, test } from "bun:test";
import { createSingleFlight } from "./single-flight.ts";

test("concurrent calls with the same key share one run, later calls start another", async () => {
  const share = createSingleFlight<string, number>();
  let runs = 0;
  const start = async () => {
    await Promise.resolve();
    return ++runs;
  };
  expect(await Promise.all([share("a", start), share("a", start), share("b", start)])).toEqual([1, 1, 2]);
  expect(await share("a", start)).toBe(3);
});
