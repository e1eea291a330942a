import { TboxError } from "#support/errors.ts";
import type { ContainerServices } from "../services.ts";
import { isRunning } from "../state/container-record.ts";

export type WaitCondition = "not-running" | "next-exit" | "removed";

export interface ExitStatus {
  code: number;
}

/** Waits for an exit or a removal. The listeners are registered before the function returns. */
export function waitContainer(
  services: ContainerServices,
  name: string,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const record = services.records.find(name);
  const { exitListeners, removalListeners } = services.runtime(record.id);
  const { promise, resolve, reject } = Promise.withResolvers<ExitStatus>();
  if (condition === "not-running" && !isRunning(record)) {
    resolve({ code: record.state.exitCode });
    return promise;
  }
  const onExit = ({ code }: ExitStatus) => end({ code });
  const onRemoval = (code: number) => end({ code });
  const onAbort = () => {
    unregister();
    const message = `wait for container ${record.name} was cancelled`;
    reject(new TboxError("cancelled", message, { cause: signal.reason }));
  };
  const unregister = () => {
    exitListeners.delete(onExit);
    removalListeners.delete(onRemoval);
    signal.removeEventListener("abort", onAbort);
  };
  const end = (status: ExitStatus) => {
    unregister();
    resolve(status);
  };
  // The removal of a container that never ran ends every wait.
  removalListeners.add(onRemoval);
  if (condition !== "removed") exitListeners.add(onExit);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return promise;
}
