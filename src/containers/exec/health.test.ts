import { expect, test } from "bun:test";
import type { HealthState } from "../state/record.ts";
import { applyProbe } from "./health.ts";

function probed(codes: number[], options: { retries?: number; inStartPeriod?: boolean } = {}): HealthState {
  const health: HealthState = { status: "starting", failingStreak: 0, log: [] };
  for (const exitCode of codes) {
    const probe = { start: "", end: "", exitCode, output: "" };
    applyProbe(health, probe, { retries: 3, inStartPeriod: false, ...options });
  }
  return health;
}

test.each([
  ["one success is health", [0], "healthy", 0],
  ["failures count up to the limit", [1, 1], "starting", 2],
  ["at the limit it is unhealthy", [1, 1, 1], "unhealthy", 3],
  ["a success begins anew", [1, 1, 0, 1, 1], "healthy", 2],
  ["a success heals", [1, 1, 1, 1, 0], "healthy", 0],
])("%s", (_, codes, status, failingStreak) => {
  expect(probed(codes)).toMatchObject({ status, failingStreak });
});

test("failures in the start period do not count until there was a success", () => {
  expect(probed([1, 1, 1, 1], { inStartPeriod: true })).toMatchObject({
    status: "starting",
    failingStreak: 0,
  });
  expect(probed([0, 1, 1, 1], { inStartPeriod: true }).status).toBe("unhealthy");
});

test("the last five probes are kept", () => {
  expect(probed([1, 2, 3, 4, 5, 6]).log.map(({ exitCode }) => exitCode)).toEqual([2, 3, 4, 5, 6]);
});
