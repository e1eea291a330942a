import type { ContainerRecord } from "#containers/state/container-record.ts";
import { never } from "#support/time/timestamp.ts";

/** Returns the record of a container that was created and never started. */
export function createdRecord(more: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    id: "c1",
    name: "web",
    created: "2026-01-01T00:00:00Z",
    image: "debian",
    path: "sh",
    args: [],
    config: {},
    hostConfig: {},
    state: {
      status: "created",
      pid: 0,
      exitCode: 0,
      oomKilled: false,
      error: "",
      startedAt: never,
      finishedAt: never,
    },
    phases: [],
    restartCount: 0,
    ...more,
  };
}
