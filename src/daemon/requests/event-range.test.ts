import { expect, test } from "bun:test";
import { awaitedStarts } from "./event-range.ts";

test("only a reader of nothing but starts gets starts of the last seconds", () => {
  const range = (values: Record<string, string[]>) => awaitedStarts(new Map(Object.entries(values)), 60_000);
  expect(range({ event: ["start"] })).toEqual({ startsSince: 55_000_000_000n });
  expect(range({ event: ["start"], label: ["a=b"] })).toEqual({ startsSince: 55_000_000_000n });
  for (const other of [{}, { event: [] }, { event: ["start", "die"] }, { type: ["container"] }])
    expect(range(other)).toEqual({});
});
