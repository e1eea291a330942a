import { expect, test } from "bun:test";
import type { DoctorCheck } from "#api/answers/system.ts";
import { withLateIds } from "./late-ids.ts";

const ok = (name: string): DoctorCheck => ({ name, status: "ok", detail: "" });
const host = [ok("newuidmap"), ok("newgidmap"), ok("subordinate ids")];
const ids = (remedy: string): DoctorCheck => ({
  name: "ids",
  status: "degraded",
  detail: "one id: everything in a container belongs to root",
  remedy,
});

test("a daemon that started before newuidmap was installed is to be stopped", () => {
  const checks = withLateIds(host, [ids("newuidmap is not installed, so only one id exists"), ok("disk")]);
  expect(checks).toEqual([
    {
      ...ids("stop your containers, then: tbox daemon stop"),
      detail:
        "one id: everything in a container belongs to root, because the ids were added after the daemon's start",
    },
    ok("disk"),
  ]);
});

test("a reason that the next daemon would have, too, stays", () => {
  const missing = ids("newuidmap is not installed, so only one id exists");
  expect(withLateIds(host.slice(1), [missing])).toEqual([missing]);
  const nested = ids("the subordinate ids do not exist in the user namespace in which tbox runs");
  expect(withLateIds(host, [nested])).toEqual([nested]);
});
