import { discardStream } from "#native/addon/stream.ts";
import { tryToConnect } from "#native/monitor/keep-connected.ts";
import { connectMonitor } from "#native/monitor/monitor.ts";
import { TboxError } from "#support/errors.ts";
import { sigkill } from "../request/signals.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { removeAnonymousVolumes } from "../volumes/container-volumes.ts";
import { killAndWait } from "./kill.ts";
import { cancelScheduledStart } from "./restart-scheduler.ts";
import { stayStopped } from "./stop.ts";

/** Removes a container and the files that it wrote. A running container is killed first if `force` is set. */
export async function removeContainer(
  services: ContainerServices,
  name: string,
  { force, volumes = false }: { force: boolean; volumes?: boolean },
): Promise<void> {
  if (await removeUnreadable(services, name, force)) return;
  const record = services.records.find(name);
  const { id } = record;
  if (record.state.status === "restarting") {
    if (!force) throw refusal(record, "restarting");
    stayStopped(services, record);
  }
  await endProcesses(services, record, force);
  const runtime = services.runtime(id);
  await runtime.queue(async () => {
    const started = services.records.withId(id);
    // A start that was under way has finished.
    if (started) await endProcesses(services, started, force);
    const current = services.records.withId(id);
    // The exit of a container with AutoRemove removes it.
    if (!current) return;
    cancelScheduledStart(runtime);
    await removeStopped(services, current);
    if (volumes) removeAnonymousVolumes(services.volumes, current);
  });
}

/** Kills a running container and waits for its exit. Throws conflict for a running container without `force`. */
async function endProcesses(
  services: ContainerServices,
  record: ContainerRecord,
  force: boolean,
): Promise<void> {
  if (!isRunning(record)) return;
  if (!force) throw refusal(record, record.state.status === "paused" ? "paused" : "running");
  await killAndWait(services, record.id);
}

/** Removes a container whose record cannot be read. Returns false when no such container has the name or ID. */
async function removeUnreadable(services: ContainerServices, name: string, force: boolean): Promise<boolean> {
  const { records, trash } = services;
  if (records.lookup(name) || records.setAside.size === 0) return false;
  const plain = name.replace(/^\//, "");
  const found = [...records.setAside].find(
    ([id, own]) => own === plain || id === plain || isPrefix(plain, id),
  );
  if (found === undefined) return false;
  const [id] = found;
  const monitor = await tryToConnect(() => connectMonitor(services.run, id));
  if (monitor !== "gone") {
    if (!force) throw conflict(name, "running", "stop the container before removing or force remove");
    if (monitor === "busy") throw conflict(name, "running", "its monitor does not answer, try again");
    monitor.signal(sigkill);
    await monitor.exited;
    monitor[Symbol.dispose]();
  }
  trash.discard(containerDirectory(services, id));
  records.delete(id);
  return true;
}

function isPrefix(text: string, id: string): boolean {
  return /^[0-9a-f]{4,}$/.test(text) && id.startsWith(text);
}

function refusal({ name }: ContainerRecord, state: "restarting" | "paused" | "running"): TboxError {
  const fix = `${state === "paused" ? "unpause and then " : ""}stop the container before removing or force remove`;
  return conflict(name, state, fix);
}

function conflict(name: string, state: string, fix: string): TboxError {
  return new TboxError("conflict", `cannot remove container "${name}": container is ${state}: ${fix}`);
}

/** Removes a container that does not run: its record at once, its files in the background. */
export async function removeStopped(services: ContainerServices, record: ContainerRecord): Promise<void> {
  discardFiles(services, record);
  services.records.delete(record.id);
  announceRemoval(services, record);
}

/**
 * Removes a container that has just exited from the daemon's state at once. Its row in the database follows when the event loop
 * is free, and its directory a moment later.
 * If the daemon dies before that, the next daemon removes the container.
 */
export function removeExited(services: ContainerServices, record: ContainerRecord): void {
  const { id } = record;
  services.records.deleteSoon(id);
  services.usedDirectories.recycle(id, { isolated: services.runtime(id).isolated });
  announceRemoval(services, record);
}

function discardFiles(services: ContainerServices, { id, name }: ContainerRecord): void {
  try {
    services.trash.discard(containerDirectory(services, id));
  } catch (error) {
    services.warn(`move the files of container ${name} to the trash`, error);
  }
}

function announceRemoval(services: ContainerServices, record: ContainerRecord): void {
  const { id } = record;
  const runtime = services.runtime(id);
  services.notify("destroy", record);
  for (const { pair } of runtime.pendingAttachments) discardStream(pair);
  if (record.hostConfig.AutoRemove) {
    removeAnonymousVolumes(services.volumes, record);
    services.removedExits.remember(record, record.state.exitCode);
  }
  for (const listener of [...runtime.removalListeners]) listener(record.state.exitCode);
  services.forget(id);
}
