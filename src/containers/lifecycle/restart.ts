import type { ContainerServices } from "../services.ts";
import { isRunning } from "../state/container-record.ts";
import { startContainer } from "./start.ts";
import { stopContainer } from "./stop.ts";

/** Stops a container if it runs, and starts it. A container with `AutoRemove` is not removed in between. */
export async function restartContainer(
  services: ContainerServices,
  name: string,
  options: { timeout?: number; signal?: string },
): Promise<void> {
  const { id } = services.records.find(name);
  const runtime = services.runtime(id);
  runtime.restartRequested = true;
  try {
    if (isRunning(services.records.find(id))) await stopContainer(services, id, options);
    await startContainer(services, id);
  } finally {
    runtime.restartRequested = false;
  }
  services.notify("restart", services.records.find(id));
}
