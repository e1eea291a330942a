import { readdirSync } from "node:fs";
import { connectMonitor, type Monitor } from "#native/monitor/monitor.ts";
import { errorCode } from "#support/errors.ts";
import { dropCgroup, sweepCgroups } from "../limits/cgroups.ts";
import { containerDirectory, type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";
import { follow, readExitRecord, settle, tellOutOfMemory } from "./lifecycle.ts";
import { isFrozen } from "./pause.ts";
import { removeContainer } from "./remove.ts";
import { scheduleRestart, wantsStart } from "./restart-policy.ts";

/**
 * Finds what went on, and what ended, while there was no daemon: running containers by their monitors,
 * the others by the exit records those left.
 */
export async function recoverContainers(fleet: Fleet): Promise<void> {
  await Promise.all(fleet.records.all().map((record) => recover(fleet, record)));
  // Whoever ran the step of a build is gone.
  const steps = fleet.records.all().filter(({ layers }) => layers !== undefined);
  for (const { id } of steps) await removeContainer(fleet, id, { force: true, volumes: true });
  sweep(fleet);
  sweepCgroups(fleet);
}

async function recover(fleet: Fleet, record: ContainerRecord): Promise<void> {
  const monitor = connect(fleet, record);
  const started = await monitor?.started.catch(() => undefined);
  if (monitor && started) {
    // A start that the last daemon did not come to note is noted now.
    record.state = {
      ...record.state,
      status: isFrozen(record) ? "paused" : "running",
      pid: started.pid,
      startedAt: started.startedAt,
      error: "",
    };
    fleet.records.save(record);
    fleet.companion(record.id).monitor = monitor;
    fleet.companion(record.id).health = fleet.watchHealth(record);
    follow(fleet, record, monitor);
    return;
  }
  // Left by a daemon that came no further than to note the end.
  if (!isRunning(record)) dropCgroup(fleet, record);
  if (isRunning(record)) await settle(fleet, record, await readExitRecord(fleet, record));
  else if (record.state.status === "restarting") scheduleRestart(fleet, record);
  else if (record.state.status === "exited" && wantsStart(record)) scheduleRestart(fleet, record);
}

function connect(fleet: Fleet, record: ContainerRecord): Monitor | undefined {
  const { id, name } = record;
  try {
    return connectMonitor(fleet.run, id, () => tellOutOfMemory(fleet, record));
  } catch (error) {
    if (errorCode(error) !== "not-found") fleet.warn(`reach the monitor of container ${name}`, error);
    return undefined;
  }
}

/** Directories that no record names. */
function sweep(fleet: Fleet): void {
  const known = new Set(fleet.records.all().map(({ id }) => id));
  const lost = readdirSync(`${fleet.store}/containers`).filter((id) => !known.has(id));
  for (const id of lost) fleet.trash.discard(containerDirectory(fleet, id));
}
