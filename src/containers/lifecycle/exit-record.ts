import { readFile } from "node:fs/promises";
import { type Exited, exitedSchema } from "#native/protocol/monitor.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import type { ContainerRecord } from "../state/container-record.ts";

/**
 * Reads the exit record of a container's current run. The monitor writes it, or the zygote when the monitor was killed,
 * with a start time of its own. Returns nothing when there is none yet.
 */
export async function readExitRecord(
  services: ContainerServices,
  record: ContainerRecord,
): Promise<Exited | undefined> {
  try {
    const text = await readFile(`${containerDirectory(services, record.id)}/exit.json`, "utf8");
    const exited = exitedSchema.parse(JSON.parse(text));
    const { pid, startedAt } = record.state;
    return exited.pid === pid || exited.startedAt === startedAt ? exited : undefined;
  } catch {
    return undefined;
  }
}
