import type { HealthProbe, HealthState } from "../state/container-record.ts";

/** Number of the last probes that the state keeps. */
const probeHistory = 5;

/** Updates the health of a container with the result of a probe (Docker's rules). */
export function applyProbe(
  health: HealthState,
  probe: HealthProbe,
  { retries, inStartPeriod }: { retries: number; inStartPeriod: boolean },
): void {
  health.log = [...health.log, probe].slice(-probeHistory);
  if (probe.exitCode === 0) {
    health.failingStreak = 0;
    health.status = "healthy";
    return;
  }
  // A failure in the start period does not count before the first success.
  if (inStartPeriod && health.status === "starting") return;
  health.failingStreak++;
  if (health.failingStreak >= retries) health.status = "unhealthy";
}
