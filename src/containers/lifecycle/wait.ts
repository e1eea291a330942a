import { TboxError } from "#support/errors.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";

export type WaitCondition = "not-running" | "next-exit" | "removed";

export interface ExitStatus {
  code: number;
  /** Reason why the last start failed. */
  error?: string;
}

/**
 * Waits for an exit or a removal. The listeners are registered before the function returns. The exit status of a
 * container that was removed at its exit remains known for some minutes. Throws not-found for any other unknown
 * container.
 */
export function waitContainer(
  services: ContainerServices,
  name: string,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const record = findOrRecall(services, name, condition);
  if ("code" in record) return Promise.resolve(record);
  const { exitListeners, removalListeners } = services.runtime(record.id);
  const { promise, resolve, reject } = Promise.withResolvers<ExitStatus>();
  if (condition === "not-running" && !isRunning(record)) {
    resolve(statusOf(record.state.exitCode, record));
    return promise;
  }
  const onExit = ({ code }: ExitStatus) => end(statusOf(code, record));
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

function statusOf(code: number, { state: { error } }: ContainerRecord): ExitStatus {
  return error === "" ? { code } : { code, error };
}

/** Finds a container, or the exit status of one that was removed at its exit. */
function findOrRecall(
  { records, removedExits }: ContainerServices,
  name: string,
  condition: WaitCondition,
): ContainerRecord | ExitStatus {
  try {
    return records.find(name);
  } catch (error) {
    const code = condition === "next-exit" ? undefined : removedExits.find(name);
    if (code === undefined) throw error;
    return { code };
  }
}
