import { readFile } from "node:fs/promises";
import type { Monitor } from "#native/monitor.ts";
import { type Exited, exitedSchema } from "#native/protocol.ts";
import { containerDirectory, type Fleet } from "./fleet.ts";
import type { ContainerRecord } from "./record.ts";
import { removeStopped } from "./remove.ts";

/** What is said of a container whose end nobody saw. */
const lostCode = 255;

/** Waits for a running container's end in the background and settles what follows from it. */
export function follow(fleet: Fleet, record: ContainerRecord, monitor: Monitor): void {
  monitor.exited
    .catch(() => readExitRecord(fleet, record))
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
  companion.monitor?.[Symbol.dispose]();
  companion.monitor = undefined;
  record.state = {
    ...record.state,
    status: "exited",
    pid: 0,
    exitCode: exited?.code ?? lostCode,
    oomKilled: exited?.oomKilled ?? false,
    error: exited ? "" : "the end of this container was not seen: its supervisor is gone",
    finishedAt: exited?.finishedAt ?? new Date().toISOString(),
  };
  fleet.records.save(record);
  for (const tell of [...companion.exits]) tell({ code: record.state.exitCode });
  if (record.hostConfig.AutoRemove) await removeStopped(fleet, record);
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
