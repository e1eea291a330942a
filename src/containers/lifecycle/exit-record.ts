import { readFile } from "node:fs/promises";
import { type Exited, exitedSchema } from "#native/protocol/monitor.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import type { ContainerRecord } from "../state/container-record.ts";

/**
 * Reads the exit record of a container's current run. The monitor writes the record. If the monitor was killed, the
 * zygote writes it, with its own start time. Returns nothing when there is no record yet.
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
