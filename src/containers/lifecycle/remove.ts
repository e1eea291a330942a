import { discardStream } from "#native/addon/stream.ts";
import { TboxError } from "#support/errors.ts";
import { removeAnonymous } from "../files/container-volumes.ts";
import { containerDirectory, type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";
import { abandonRestart, killAndWait } from "./stop.ts";

/** Removes a container and what it wrote; a running one only by force. */
export async function removeContainer(
  fleet: Fleet,
  name: string,
  { force, volumes = false }: { force: boolean; volumes?: boolean },
): Promise<void> {
  const { id, name: own } = fleet.records.find(name);
  if (fleet.records.find(id).state.status === "restarting") {
    if (!force) {
      const fix = "stop the container before removing or force remove";
      throw new TboxError("conflict", `cannot remove container "/${own}": container is restarting: ${fix}`);
    }
    abandonRestart(fleet, fleet.records.find(id));
  }
  if (isRunning(fleet.records.find(id))) {
    if (!force) {
      const paused = fleet.records.find(id).state.status === "paused";
      const fix = `${paused ? "unpause and then " : ""}stop the container before removing or force remove`;
      const state = paused ? "paused" : "running";
      throw new TboxError("conflict", `cannot remove container "/${own}": container is ${state}: ${fix}`);
    }
    await killAndWait(fleet, id);
  }
  await fleet.companion(id).inTurn(async () => {
    const record = fleet.records.withId(id);
    // With AutoRemove its end has removed it.
    if (!record) return;
    await removeStopped(fleet, record);
    if (volumes) removeAnonymous(fleet.volumes, record);
  });
}

/** The record goes at once, and the files out of sight. */
export async function removeStopped(fleet: Fleet, record: ContainerRecord): Promise<void> {
  const { id } = record;
  const companion = fleet.companion(id);
  try {
    fleet.trash.discard(containerDirectory(fleet, id));
  } catch (error) {
    fleet.warn(`set the files of container ${record.name} aside`, error);
  }
  fleet.records.delete(id);
  fleet.notify("destroy", record);
  for (const { pair } of companion.waiting) discardStream(pair);
  if (record.hostConfig.AutoRemove) removeAnonymous(fleet.volumes, record);
  for (const tell of [...companion.removals]) tell(record.state.exitCode);
  fleet.forget(id);
}
