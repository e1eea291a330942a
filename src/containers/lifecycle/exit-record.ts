import { readFile } from "node:fs/promises";
import { type Exited, exitedSchema } from "#native/protocol/monitor.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import type { ContainerRecord } from "../state/container-record.ts";

/**
 * Reads the exit record that a container's monitor wrote for the current run. Returns nothing when the monitor died
 * before it wrote one.
 */
export async function readExitRecord(
  services: ContainerServices,
  record: ContainerRecord,
): Promise<Exited | undefined> {
  try {
    const text = await readFile(`${containerDirectory(services, record.id)}/exit.json`, "utf8");
    const exited = exitedSchema.parse(JSON.parse(text));
    return exited.startedAt === record.state.startedAt ? exited : undefined;
  } catch {
    return undefined;
  }
}
