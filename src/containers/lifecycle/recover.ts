import { readdirSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { processStartTime } from "#native/addon/clock.ts";
import { keepConnected, tryToConnect } from "#native/monitor/keep-connected.ts";
import { connectMonitor, type Monitor, monitorSocket } from "#native/monitor/monitor.ts";
import { hasMonitor, wakeMonitor } from "#native/zygote/wake.ts";
import { repeatFor } from "#support/concurrency/repeat-for.ts";
import { adoptCgroup, dropCgroup, sweepCgroups } from "../limits/cgroups.ts";
import { shipLog } from "../logging/ship-log.ts";
import { sigkill } from "../request/signals.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { endWithoutMonitor } from "./end-without-monitor.ts";
import { handleExit, reportOutOfMemory, watchExit } from "./handle-exit.ts";
import { isFrozen } from "./pause.ts";
import { removeContainer, removeStopped } from "./remove.ts";
import { restartsWithDaemon } from "./restart-policy.ts";
import { runningState } from "./running-state.ts";

/**
 * Updates the records after a time without a daemon: reconnects to the monitors of running containers, and reads the
 * exit records of the others. Deletes directories and cgroups without a record, and records without a directory. Ends
 * running containers without a record.
 */
export async function recoverContainers(services: ContainerServices): Promise<void> {
  const directories = readdirSync(`${services.store}/containers`);
  dropGhosts(services, new Set(directories));
  const sockets = new Set(readdirSync(`${services.run}/monitors`));
  // Most containers of a large store have ended: nothing is left to connect to.
  const mayHaveMonitor = (record: ContainerRecord) =>
    isRunning(record) || sockets.has(monitorSocket(record.id));
  const recoverOne = (record: ContainerRecord) => {
    if (!mayHaveMonitor(record)) return recoverEnded(services, record);
    return isStillRunning(record) ? recoverLater(services, record) : recover(services, record);
  };
  await Promise.all(services.records.all().map(recoverOne));
  services.defer("connect to the monitors of running containers", () => {
    const running = services.records.all().filter(isRunning);
    return Promise.all(running.map(({ id }) => services.runtime(id).recover?.()));
  });
  // A build ends with the daemon that ran it.
  const steps = services.records.all().filter(({ layers }) => layers !== undefined);
  for (const { id } of steps) await removeContainer(services, id, { force: true, volumes: true });
  const unknown = unknownDirectories(services, directories);
  const running = unknown.filter((id) => sockets.has(monitorSocket(id)));
  const left = new Set(await Promise.all(running.map((id) => endUnknown(services, id))));
  for (const id of unknown) if (!left.has(id)) services.trash.discard(containerDirectory(services, id));
  sweepCgroups(services);
}

/**
 * Ends a container that the last daemon started just before its own death, without writing the record. The container's client
 * has lost its connection. Returns the ID of a container that cannot be ended now.
 */
async function endUnknown({ run, warn }: ContainerServices, id: string): Promise<string | undefined> {
  const monitor = await tryToConnect(() => connectMonitor(run, id));
  if (monitor === "gone") return undefined;
  if (monitor === "busy") {
    warn(`cannot end container ${id}, which has no record: its monitor does not answer`);
    return id;
  }
  using _ = monitor;
  monitor.signal(sigkill);
  await monitor.exited.catch(() => {});
  return undefined;
}

/** Returns whether the process that the last daemon has stored runs, with its monitor. */
function isStillRunning(record: ContainerRecord): boolean {
  const { pid, startTicks } = record.state;
  const runs = isRunning(record) && startTicks !== undefined && processStartTime(pid) === startTicks;
  return runs && hasMonitor(pid);
}

/**
 * Leaves the connection to the monitor of a running container to the first request for the container, or to the time after
 * the first answers. The state of the record is true already.
 */
function recoverLater(services: ContainerServices, record: ContainerRecord): void {
  const status = isFrozen(record) ? "paused" : "running";
  if (record.state.status !== status) {
    record.state.status = status;
    services.records.saveEventually(record);
  }
  const runtime = services.runtime(record.id);
  let begun: Promise<void> | undefined;
  runtime.recover = () => {
    begun ??= runtime
      .queue(() => recover(services, record))
      .catch((error) => services.warn(`recover container ${record.name}`, error))
      .finally(() => {
        runtime.recover = undefined;
      });
    return begun;
  };
}

/** Milliseconds between two attempts to connect to a monitor that does not answer. */
const retryDelay = 1000;

async function recover(services: ContainerServices, record: ContainerRecord): Promise<void> {
  const connect = () => connectMonitor(services.run, record.id, () => reportOutOfMemory(services, record));
  let monitor = await tryToConnect(connect);
  if (monitor === "gone" && isRunning(record)) monitor = await wake(record, connect);
  if (monitor === "busy") {
    // Only the death of the monitor proves that the container has ended.
    services.warn(`the monitor of container ${record.name} does not answer: trying again`);
    const again = () => services.runtime(record.id).queue(() => recover(services, record));
    setTimeout(
      () => again().catch((error) => services.warn(`recover container ${record.name}`, error)),
      retryDelay,
    );
    return;
  }
  if (monitor !== "gone") {
    await adopt(services, record, keepConnected(monitor, connect));
    return;
  }
  await recoverEnded(services, record);
}

/** Updates the record of a container without a monitor. */
async function recoverEnded(services: ContainerServices, record: ContainerRecord): Promise<void> {
  // The last daemon may not have sent all records.
  const shipping = shipLog(services, record);
  if (shipping) services.runtime(record.id).logShipping = shipping;
  // The last daemon may have died between the exit and the removal of the cgroup.
  if (!isRunning(record)) dropCgroup(services, record);
  if (isRunning(record)) await handleExit(services, record, await endWithoutMonitor(services, record));
  else if (record.state.status === "restarting") services.restarts.schedule(record);
  // The last daemon died before the start, or between the exit and the removal. Docker removes both, too.
  else if (record.hostConfig.AutoRemove) await removeStopped(services, record);
  else if (record.state.status === "exited" && restartsWithDaemon(record)) services.restarts.schedule(record);
}

/** Milliseconds that a monitor has to create its socket again. */
const wakeTimeout = 2000;

/** Connects to the monitor of a container that runs although the monitor's socket is missing. */
async function wake({ state }: ContainerRecord, connect: () => Monitor): Promise<Monitor | "gone" | "busy"> {
  const { pid, startTicks } = state;
  if (startTicks === undefined || processStartTime(pid) !== startTicks || !wakeMonitor(pid)) return "gone";
  const woken = await repeatFor(wakeTimeout, async () => {
    const monitor = await tryToConnect(connect);
    return monitor === "gone" ? undefined : monitor;
  });
  return woken ?? "gone";
}

/** Takes over a running container from the last daemon. */
async function adopt(services: ContainerServices, record: ContainerRecord, monitor: Monitor): Promise<void> {
  const running = { ...record.state, ...runningState(await monitor.started) };
  // A record with this process was written after the start, and names the cgroup if there is one.
  const isStored = record.state.pid === running.pid && record.state.startTicks === running.startTicks;
  if (!isStored) adoptCgroup(services, record, running.pid);
  const state: ContainerRecord["state"] = {
    ...running,
    status: isFrozen(record) ? "paused" : "running",
    error: "",
  };
  // The last daemon may have died between the start and its entry in the database. Most records are as they should be, and
  // hundreds of writes would delay the first answer.
  if (!isDeepStrictEqual(state, record.state)) {
    record.state = state;
    services.records.saveEventually(record);
  }
  services.runtime(record.id).monitor = monitor;
  services.runtime(record.id).healthCheck = services.watchHealth(record);
  services.runtime(record.id).logShipping = shipLog(services, record);
  watchExit(services, record, monitor);
}

/** Deletes the records of containers whose directory is missing after a removal or a loss of power. */
function dropGhosts({ records, warn }: ContainerServices, present: ReadonlySet<string>): void {
  for (const { id, name } of records.all()) {
    if (present.has(id)) continue;
    warn(`container ${name} (${id}) has no directory: it is removed`);
    records.delete(id);
  }
}

/** Returns the container directories without a record. A directory with an unreadable record is not among them. */
function unknownDirectories({ records }: ContainerServices, directories: string[]): string[] {
  const known = new Set(records.all().map(({ id }) => id));
  return directories.filter((id) => !known.has(id) && !records.setAside.has(id));
}
