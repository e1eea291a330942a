import { expect, test } from "bun:test";
import type { HealthState } from "../state/container-record.ts";
import { applyProbe } from "./apply-probe.ts";

function probed(codes: number[], options: { retries?: number; inStartPeriod?: boolean } = {}): HealthState {
  const health: HealthState = { status: "starting", failingStreak: 0, log: [] };
  for (const exitCode of codes) {
    const probe = { start: "", end: "", exitCode, output: "" };
    applyProbe(health, probe, { retries: 3, inStartPeriod: false, ...options });
  }
  return health;
}

test.each([
  ["one success makes it healthy", [0], "healthy", 0],
  ["failures below the limit leave it starting", [1, 1], "starting", 2],
  ["failures at the limit make it unhealthy", [1, 1, 1], "unhealthy", 3],
  ["a success resets the failing streak", [1, 1, 0, 1, 1], "healthy", 2],
  ["a success makes an unhealthy container healthy", [1, 1, 1, 1, 0], "healthy", 0],
])("%s", (_, codes, status, failingStreak) => {
  expect(probed(codes)).toMatchObject({ status, failingStreak });
});

test("failures in the start period count only after a success", () => {
  expect(probed([1, 1, 1, 1], { inStartPeriod: true })).toMatchObject({
    status: "starting",
    failingStreak: 0,
  });
  expect(probed([0, 1, 1, 1], { inStartPeriod: true }).status).toBe("unhealthy");
});

test("the state keeps the last five probes", () => {
  expect(probed([1, 2, 3, 4, 5, 6]).log.map(({ exitCode }) => exitCode)).toEqual([2, 3, 4, 5, 6]);
});
