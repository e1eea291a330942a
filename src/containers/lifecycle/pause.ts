import type { Cgroup } from "#native/cgroup/cgroup.ts";
import { TboxError } from "#support/errors.ts";
import { cgroupOf } from "../limits/cgroups.ts";
import { type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";

/** How long the kernel may take to stop every process, in milliseconds. */
const patience = 10_000;

/** Stops every process of a container where it is. */
export function pauseContainer(fleet: Fleet, name: string): Promise<void> {
  const { id } = fleet.records.find(name);
  return fleet.companion(id).inTurn(async () => {
    const record = fleet.records.find(id);
    if (record.state.status === "restarting") {
      throw new TboxError("conflict", `container ${id} is restarting, wait until the container is running`);
    }
    if (!isRunning(record)) throw new TboxError("conflict", `container ${id} is not running`);
    if (record.state.status === "paused") {
      throw new TboxError("conflict", `container ${id} is already paused`);
    }
    const cgroup = freezable(fleet, record);
    cgroup.write("cgroup.freeze", "1");
    try {
      await reach(cgroup, "frozen 1");
    } catch (error) {
      cgroup.write("cgroup.freeze", "0");
      throw error;
    }
    // Its last process may have ended instead.
    if (!isRunning(record)) throw new TboxError("conflict", `container ${id} is not running`);
    record.state.status = "paused";
    fleet.records.save(record);
    fleet.notify("pause", record);
  });
}

/** Lets a container that was paused go on. */
export function unpauseContainer(fleet: Fleet, name: string): Promise<void> {
  const { id } = fleet.records.find(name);
  return fleet.companion(id).inTurn(async () => {
    const record = fleet.records.find(id);
    if (record.state.status !== "paused") {
      throw new TboxError("conflict", `container ${id} is not paused`);
    }
    await resume(fleet, record);
  });
}

/** Lets the processes of a paused container go on. */
export async function resume(fleet: Fleet, record: ContainerRecord): Promise<void> {
  const cgroup = cgroupOf(record);
  if (!cgroup) return;
  cgroup.write("cgroup.freeze", "0");
  await reach(cgroup, "frozen 0");
  // It may have been killed meanwhile.
  if (record.state.status !== "paused") return;
  record.state.status = "running";
  fleet.records.save(record);
  fleet.notify("unpause", record);
}

/** Whether the container was paused by a daemon before this one. */
export function isFrozen(record: ContainerRecord): boolean {
  try {
    return cgroupOf(record)?.read("cgroup.freeze").trim() === "1";
  } catch {
    return false;
  }
}

function freezable({ zygote }: Fleet, record: ContainerRecord): Cgroup {
  const cgroup = cgroupOf(record);
  if (cgroup) return cgroup;
  const { base, obstacle } = zygote.delegation;
  const { reason, remedy } = base
    ? { reason: "it was started without a cgroup of its own", remedy: `tbox restart ${record.name}` }
    : obstacle();
  const message = `cannot pause container ${record.id}: a cgroup is needed to stop its processes: ${reason}: ${remedy}`;
  throw new TboxError("conflict", message);
}

async function reach(cgroup: Cgroup, line: string): Promise<void> {
  const deadline = performance.now() + patience;
  const lines = () => cgroup.read("cgroup.events").split("\n");
  for (let wait = 1; !lines().includes(line); wait = Math.min(wait * 2, 50)) {
    // An empty cgroup never becomes frozen.
    if (lines().includes("populated 0")) return;
    if (performance.now() > deadline) {
      throw new TboxError("internal", `the kernel has not come to "${line}" of ${cgroup.path}`);
    }
    await Bun.sleep(wait);
  }
}
