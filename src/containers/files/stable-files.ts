import type { ContainerServices } from "../services.ts";
import { isRunning } from "../state/container-record.ts";

/**
 * Runs work on a container's files. A container that does not run neither starts nor disappears during the work; a
 * running container may exit. Its directory then serves no other container with the files that the work has open.
 */
export function withStableFiles<T>(
  services: ContainerServices,
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  const runtime = services.runtime(id);
  if (!isRunning(services.records.find(id))) return runtime.queue(work);
  runtime.isolated = false;
  return work();
}
