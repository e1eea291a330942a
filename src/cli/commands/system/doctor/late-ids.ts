import type { DoctorCheck } from "#api/answers/system.ts";

/** Checks of the host that decide how many ids the next zygote gets. */
const requirements = ["newuidmap", "newgidmap", "subordinate ids"];

/** Reasons of a zygote that started before the requirements were met. */
const outdated = /is not installed|has no subordinate/;

/**
 * Returns the daemon's checks. If everything for subordinate ids was installed after the start of the daemon, the check of
 * the ids says how to use it.
 */
export function withLateIds(host: readonly DoctorCheck[], daemon: readonly DoctorCheck[]): DoctorCheck[] {
  const isMet = (name: string) => host.some((check) => check.name === name && check.status === "ok");
  if (!requirements.every(isMet)) return [...daemon];
  return daemon.map((check) =>
    check.name === "ids" && outdated.test(check.remedy ?? "")
      ? {
          ...check,
          detail: `${check.detail}, because the ids were added after the daemon's start`,
          remedy: "stop your containers, then: tbox daemon stop",
        }
      : check,
  );
}
