import type { Cgroup } from "#native/cgroup/cgroup.ts";
import { TboxError } from "#support/errors.ts";
import { cgroupOf } from "../limits/cgroups.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { requireRunning } from "../state/require-running.ts";

/** Longest time in milliseconds that the kernel may take to freeze all processes. */
const freezeTimeout = 10_000;

/** Freezes all processes of a container. */
export function pauseContainer(services: ContainerServices, name: string): Promise<void> {
  const { id } = services.records.find(name);
  return services.runtime(id).queue(async () => {
    const record = services.records.find(id);
    requireRunning(record);
    if (record.state.status === "paused") {
      throw new TboxError("conflict", `container ${id} is already paused`);
    }
    const cgroup = requireCgroup(services, record);
    cgroup.write("cgroup.freeze", "1");
    try {
      await waitForEvent(cgroup, "frozen 1");
    } catch (error) {
      cgroup.write("cgroup.freeze", "0");
      throw error;
    }
    // The container may have exited during the wait.
    requireRunning(record);
    record.state.status = "paused";
    services.records.saveEventually(record);
    services.notify("pause", record);
  });
}

/** Thaws the processes of a paused container. Throws conflict for any other container. */
export function unpauseContainer(services: ContainerServices, name: string): Promise<void> {
  const { id } = services.records.find(name);
  return services.runtime(id).queue(async () => {
    const record = services.records.find(id);
    if (record.state.status !== "paused") {
      throw new TboxError("conflict", `container ${id} is not paused`);
    }
    await resume(services, record);
  });
}

/** Thaws the processes of a paused container, and does nothing without a cgroup. */
export async function resume(services: ContainerServices, record: ContainerRecord): Promise<void> {
  const cgroup = cgroupOf(record);
  if (!cgroup) return;
  cgroup.write("cgroup.freeze", "0");
  await waitForEvent(cgroup, "frozen 0");
  // The container may have exited during the wait.
  if (record.state.status !== "paused") return;
  record.state.status = "running";
  services.records.saveEventually(record);
  services.notify("unpause", record);
}

/** Returns whether an earlier daemon paused the container. */
export function isFrozen(record: ContainerRecord): boolean {
  try {
    return cgroupOf(record)?.read("cgroup.freeze").trim() === "1";
  } catch {
    return false;
  }
}

function requireCgroup({ zygote }: ContainerServices, record: ContainerRecord): Cgroup {
  const cgroup = cgroupOf(record);
  if (cgroup) return cgroup;
  const { base, obstacle } = zygote.delegation;
  const { reason, remedy } = base
    ? { reason: "it was started without a cgroup", remedy: `tbox restart ${record.name}` }
    : obstacle();
  const message = `cannot pause container ${record.id}: pausing needs a cgroup: ${reason}: ${remedy}`;
  throw new TboxError("conflict", message);
}

/** Waits until `cgroup.events` has a line. */
async function waitForEvent(cgroup: Cgroup, line: string): Promise<void> {
  const deadline = performance.now() + freezeTimeout;
  const lines = () => cgroup.read("cgroup.events").split("\n");
  for (let wait = 1; !lines().includes(line); wait = Math.min(wait * 2, 50)) {
    // An empty cgroup never becomes frozen.
    if (lines().includes("populated 0")) return;
    if (performance.now() > deadline) {
      throw new TboxError(
        "internal",
        `the kernel did not reach the state "${line}" for the cgroup ${cgroup.path} in time`,
      );
    }
    await Bun.sleep(wait);
  }
}
