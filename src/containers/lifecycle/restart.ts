import type { Fleet } from "../services.ts";
import { isRunning } from "../services.ts";
import { startContainer } from "./start.ts";
import { stopContainer } from "./stop.ts";

/** Stops a container, if it runs, and starts it; `timeout` as of a stop. One that removes itself stays. */
export async function restartContainer(
  fleet: Fleet,
  name: string,
  options: { timeout?: number; signal?: string },
): Promise<void> {
  const { id } = fleet.records.find(name);
  const companion = fleet.companion(id);
  companion.kept = true;
  try {
    if (isRunning(fleet.records.find(id))) await stopContainer(fleet, id, options);
    await startContainer(fleet, id);
  } finally {
    companion.kept = false;
  }
  fleet.notify("restart", fleet.records.find(id));
}
