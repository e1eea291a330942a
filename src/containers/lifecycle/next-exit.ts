import type { ContainerServices } from "../services.ts";
import { isRunning } from "../state/container-record.ts";

/** Resolves at the next exit of a container, and at once when the container does not run. */
export function nextExit(services: ContainerServices, id: string): Promise<void> {
  const record = services.records.withId(id);
  if (!record || !isRunning(record)) return Promise.resolve();
  const { exitListeners } = services.runtime(id);
  const { promise, resolve } = Promise.withResolvers<void>();
  const listener = () => {
    exitListeners.delete(listener);
    resolve();
  };
  exitListeners.add(listener);
  return promise;
}
