import { readFile } from "node:fs/promises";
import type { Monitor } from "#native/monitor/monitor.ts";
import { type Exited, exitedSchema } from "#native/zygote/protocol.ts";
import { dropCgroup, killCgroup } from "../limits/cgroups.ts";
import { leaveNetworks, tellNetworks } from "../networking/join.ts";
import { containerDirectory, type Fleet } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";
import { removeStopped } from "./remove.ts";
import { scheduleRestart, wantsRestart } from "./restart-policy.ts";

/** What is said of a container whose end nobody saw. */
const lostCode = 255;

/** Waits for a running container's end in the background and settles what follows from it. */
export function follow(fleet: Fleet, record: ContainerRecord, monitor: Monitor): void {
  monitor.exited
    .catch(() => {
      // Without its monitor nobody reaches a container any more, so it does not go on unseen.
      killCgroup(record);
      return readExitRecord(fleet, record);
    })
    .then((exited) => settle(fleet, record, exited))
    .catch((error) => fleet.warn(`exit of container ${record.name}`, error));
}

/** The end of a container: state first, then the removal it asked for, then whoever waits. */
export async function settle(
  fleet: Fleet,
  record: ContainerRecord,
  exited: Exited | undefined,
): Promise<void> {
  const { id } = record;
  const companion = fleet.companion(id);
  // Before anybody can take it for ended: its ports are free then.
  const left = leaveNetworks(fleet, record);
  if (left) await left;
  companion.monitor?.[Symbol.dispose]();
  companion.monitor = undefined;
  companion.health?.[Symbol.dispose]();
  companion.health = undefined;
  const manual = companion.stopping;
  companion.stopping = false;
  record.state = {
    ...record.state,
    status: "exited",
    pid: 0,
    exitCode: exited?.code ?? lostCode,
    oomKilled: exited?.oomKilled ?? record.state.oomKilled,
    error: exited ? "" : "the end of this container was not seen: its supervisor is gone",
    finishedAt: exited?.finishedAt ?? new Date().toISOString(),
  };
  record.stoppedByUser = manual;
  const restarts = !companion.kept && wantsRestart(record, manual);
  if (restarts) record.state.status = "restarting";
  fleet.records.save(record);
  if (record.state.oomKilled && !companion.oomTold) fleet.notify("oom", record);
  fleet.notify("die", record, {
    exitCode: String(record.state.exitCode),
    execDuration: String(Math.max(0, Math.floor(duration(record) / 1000))),
  });
  tellVolumes(fleet, record, "unmount");
  tellNetworks(fleet, record, "disconnect");
  for (const tell of [...companion.exits]) tell({ code: record.state.exitCode });
  if (restarts) scheduleRestart(fleet, record);
  else if (record.hostConfig.AutoRemove && !companion.kept) await removeStopped(fleet, record);
  // Nobody waits for this.
  dropCgroup(fleet, record);
}

/** Says at once that the kernel killed a process of a container for want of memory. */
export function tellOutOfMemory(fleet: Fleet, record: ContainerRecord): void {
  record.state.oomKilled = true;
  fleet.companion(record.id).oomTold = true;
  fleet.notify("oom", record);
}

/** Says that a container uses its volumes from now on, or no more. */
export function tellVolumes(
  fleet: Fleet,
  { id, volumes = [] }: ContainerRecord,
  action: "mount" | "unmount",
): void {
  for (const { name, target, readonly } of volumes) {
    const how = { destination: target, propagation: "", "read/write": String(!readonly) };
    fleet.volumes.announce(action, name, { container: id, ...(action === "mount" ? how : {}) });
  }
}

/** Milliseconds that the last run took. */
function duration({ state }: ContainerRecord): number {
  return Date.parse(state.finishedAt) - Date.parse(state.startedAt);
}

/** The exit record that a monitor left; none when it did not come to it, or left it for an earlier start. */
export async function readExitRecord(fleet: Fleet, record: ContainerRecord): Promise<Exited | undefined> {
  try {
    const text = await readFile(`${containerDirectory(fleet, record.id)}/exit.json`, "utf8");
    const exited = exitedSchema.parse(JSON.parse(text));
    return exited.startedAt === record.state.startedAt ? exited : undefined;
  } catch {
    return undefined;
  }
}
