import type { ContainerServices } from "../services.ts";
import { isRunning } from "../state/container-record.ts";

/**
 * Runs work on a container's files. A container that does not run neither starts nor disappears during the work; a
 * running container may exit.
 */
export function withStableFiles<T>(
  services: ContainerServices,
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  return isRunning(services.records.find(id)) ? work() : services.runtime(id).queue(work);
}
