import { readdirSync } from "node:fs";
import { connectMonitor, type Monitor } from "#native/monitor/monitor.ts";
import { errorCode } from "#support/errors.ts";
import { dropCgroup, sweepCgroups } from "../limits/cgroups.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { readExitRecord } from "./exit-record.ts";
import { handleExit, reportOutOfMemory, watchExit } from "./handle-exit.ts";
import { isFrozen } from "./pause.ts";
import { removeContainer } from "./remove.ts";
import { restartsWithDaemon } from "./restart-policy.ts";

/**
 * Updates the records after a time without a daemon: reconnects to the monitors of running containers, and reads the
 * exit records of the others. Deletes directories and cgroups without a record.
 */
export async function recoverContainers(services: ContainerServices): Promise<void> {
  await Promise.all(services.records.all().map((record) => recover(services, record)));
  // A build ends with the daemon that ran it.
  const steps = services.records.all().filter(({ layers }) => layers !== undefined);
  for (const { id } of steps) await removeContainer(services, id, { force: true, volumes: true });
  sweepDirectories(services);
  sweepCgroups(services);
}

async function recover(services: ContainerServices, record: ContainerRecord): Promise<void> {
  const monitor = connect(services, record);
  const started = await monitor?.started.catch(() => undefined);
  if (monitor && started) {
    // The last daemon may have died between the start and its entry in the database.
    record.state = {
      ...record.state,
      status: isFrozen(record) ? "paused" : "running",
      pid: started.pid,
      startedAt: started.startedAt,
      error: "",
    };
    services.records.save(record);
    services.runtime(record.id).monitor = monitor;
    services.runtime(record.id).healthCheck = services.watchHealth(record);
    watchExit(services, record, monitor);
    return;
  }
  // The last daemon may have died between the exit and the removal of the cgroup.
  if (!isRunning(record)) dropCgroup(services, record);
  if (isRunning(record)) await handleExit(services, record, await readExitRecord(services, record));
  else if (record.state.status === "restarting") services.restarts.schedule(record);
  else if (record.state.status === "exited" && restartsWithDaemon(record)) services.restarts.schedule(record);
}

function connect(services: ContainerServices, record: ContainerRecord): Monitor | undefined {
  const { id, name } = record;
  try {
    return connectMonitor(services.run, id, () => reportOutOfMemory(services, record));
  } catch (error) {
    if (errorCode(error) !== "not-found") services.warn(`connect to the monitor of container ${name}`, error);
    return undefined;
  }
}

/** Deletes the container directories that no record names. */
function sweepDirectories(services: ContainerServices): void {
  const known = new Set(services.records.all().map(({ id }) => id));
  const unknown = readdirSync(`${services.store}/containers`).filter((id) => !known.has(id));
  for (const id of unknown) services.trash.discard(containerDirectory(services, id));
}
