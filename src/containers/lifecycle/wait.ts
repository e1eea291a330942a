import { TboxError } from "#support/errors.ts";
import type { ExitStatus, WaitCondition } from "../containers.ts";
import { type Fleet, isRunning } from "../services.ts";

/** Waits for an exit or a removal. Whoever waits is registered before this returns. */
export function waitContainer(
  fleet: Fleet,
  name: string,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const record = fleet.records.find(name);
  const companion = fleet.companion(record.id);
  const { promise, resolve, reject } = Promise.withResolvers<ExitStatus>();
  if (condition === "not-running" && !isRunning(record)) {
    resolve({ code: record.state.exitCode });
    return promise;
  }
  const exited = ({ code }: { code: number }) => end({ code });
  const removed = (code: number) => end({ code });
  const cancelled = () => {
    leave();
    reject(
      new TboxError("cancelled", `wait for container ${record.name} was cancelled`, { cause: signal.reason }),
    );
  };
  const leave = () => {
    companion.exits.delete(exited);
    companion.removals.delete(removed);
    signal.removeEventListener("abort", cancelled);
  };
  const end = (status: ExitStatus) => {
    leave();
    resolve(status);
  };
  // A container that is removed without ever having run ends every wait.
  companion.removals.add(removed);
  if (condition !== "removed") companion.exits.add(exited);
  signal.addEventListener("abort", cancelled, { once: true });
  if (signal.aborted) cancelled();
  return promise;
}
