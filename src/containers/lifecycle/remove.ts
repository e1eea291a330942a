import { discardStream } from "#native/addon/stream.ts";
import { TboxError } from "#support/errors.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { removeAnonymousVolumes } from "../volumes/container-volumes.ts";
import { killAndWait } from "./kill.ts";
import { stayStopped } from "./stop.ts";

/** Removes a container and the files that it wrote. A running container is killed first if `force` is set. */
export async function removeContainer(
  services: ContainerServices,
  name: string,
  { force, volumes = false }: { force: boolean; volumes?: boolean },
): Promise<void> {
  const record = services.records.find(name);
  const { id } = record;
  if (record.state.status === "restarting") {
    if (!force) throw refusal(record, "restarting");
    stayStopped(services, record);
  }
  if (isRunning(record)) {
    if (!force) throw refusal(record, record.state.status === "paused" ? "paused" : "running");
    await killAndWait(services, id);
  }
  await services.runtime(id).queue(async () => {
    const current = services.records.withId(id);
    // The exit of a container with AutoRemove removes it.
    if (!current) return;
    await removeStopped(services, current);
    if (volumes) removeAnonymousVolumes(services.volumes, current);
  });
}

function refusal({ name }: ContainerRecord, state: "restarting" | "paused" | "running"): TboxError {
  const fix = `${state === "paused" ? "unpause and then " : ""}stop the container before removing or force remove`;
  return new TboxError("conflict", `cannot remove container "/${name}": container is ${state}: ${fix}`);
}

/** Removes a container that does not run: its record at once, its files in the background. */
export async function removeStopped(services: ContainerServices, record: ContainerRecord): Promise<void> {
  discardFiles(services, record);
  services.records.delete(record.id);
  announceRemoval(services, record);
}

/**
 * Removes a container that has just exited from the daemon's state at once, and from the disk when the event loop is free.
 * If the daemon dies before that, the next daemon removes the container.
 */
export function removeExited(services: ContainerServices, record: ContainerRecord): void {
  services.records.deleteSoon(record.id);
  setImmediate(() => discardFiles(services, record));
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
