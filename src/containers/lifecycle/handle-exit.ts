import type { Monitor } from "#native/monitor/monitor.ts";
import type { Exited } from "#native/protocol/monitor.ts";
import { dropCgroup } from "../limits/cgroups.ts";
import { leaveNetworks, notifyNetworks } from "../networking/join-networks.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { notifyVolumes } from "../volumes/container-volumes.ts";
import { endWithoutMonitor } from "./end-without-monitor.ts";
import { exitPhases } from "./exit-phases.ts";
import { removeExited } from "./remove.ts";
import { restartsAfterExit } from "./restart-policy.ts";

/** Exit status of a container whose monitor died before it reported one. */
const unknownExitCode = 255;

/** Waits in the background for the exit of a running container, then handles it. */
export function watchExit(services: ContainerServices, record: ContainerRecord, monitor: Monitor): void {
  monitor.exited
    .catch(() => endWithoutMonitor(services, record))
    .then((exited) => handleExit(services, record, exited))
    .catch((error) => services.warn(`exit of container ${record.name}`, error));
}

/**
 * Handles the exit of a container: leaves its networks, stores the new state, calls the exit listeners, then restarts
 * or removes the container as its configuration asks.
 */
export async function handleExit(
  services: ContainerServices,
  record: ContainerRecord,
  exited: Exited | undefined,
): Promise<void> {
  const runtime = services.runtime(record.id);
  if (exited && runtime.requestedAt !== undefined) {
    record.phases = [...record.phases, ...exitPhases(runtime.requestedAt, exited.finishedAt)];
  }
  // The published ports must be free before any client sees the container as exited.
  const left = leaveNetworks(services, record);
  if (left) await left;
  const { monitor } = runtime;
  // A waiting client has its answer before the connection is closed.
  setImmediate(() => monitor?.[Symbol.dispose]());
  runtime.monitor = undefined;
  runtime.healthCheck?.[Symbol.dispose]();
  runtime.healthCheck = undefined;
  const requested = runtime.stopRequested;
  runtime.stopRequested = false;
  const { startTicks: _, ...state } = record.state;
  record.state = {
    ...state,
    status: "exited",
    pid: 0,
    exitCode: exited?.code ?? unknownExitCode,
    oomKilled: exited?.oomKilled ?? record.state.oomKilled,
    error: exited ? "" : "exit status unknown: the container's monitor died",
    finishedAt: exited?.finishedAt ?? new Date().toISOString(),
  };
  // A container that is not probed any more counts as unhealthy, as in Docker.
  if (record.state.health) record.state.health.status = "unhealthy";
  record.stoppedByUser = requested;
  const restarts = !runtime.restartRequested && restartsAfterExit(record, requested);
  if (restarts) record.state.status = "restarting";
  const removes = !restarts && record.hostConfig.AutoRemove === true && !runtime.restartRequested;
  // The record of a container that is removed now need not be written.
  if (!removes) services.records.saveEventually(record);
  notifyExit(services, record);
  for (const listener of [...runtime.exitListeners]) listener({ code: record.state.exitCode });
  if (restarts) services.restarts.schedule(record);
  else if (removes) {
    // The removal waits until the log driver's receiver has the last records.
    if (runtime.logShipping) await runtime.logShipping.opened;
    removeExited(services, record);
  }
  // A waiting client has its answer first. A container that is kept may start again before a later removal of its cgroup.
  if (removes) setImmediate(() => dropCgroup(services, record));
  else dropCgroup(services, record);
  services.prepareNext();
}

function notifyExit(services: ContainerServices, record: ContainerRecord): void {
  const { exitCode, oomKilled, startedAt, finishedAt } = record.state;
  notifyNetworks(services, record, "disconnect");
  notifyVolumes(services.volumes, record, "unmount");
  if (oomKilled && !services.runtime(record.id).oomReported) services.notify("oom", record);
  const seconds = Math.floor((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
  services.notify("die", record, {
    exitCode: String(exitCode),
    execDuration: String(Math.max(0, seconds)),
  });
}

/** Stores that the kernel killed a process of a running container for lack of memory, and publishes the event. */
export function reportOutOfMemory(services: ContainerServices, record: ContainerRecord): void {
  record.state.oomKilled = true;
  services.runtime(record.id).oomReported = true;
  services.notify("oom", record);
}
