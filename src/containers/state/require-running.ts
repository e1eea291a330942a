import { TboxError } from "#support/errors.ts";
import { type ContainerRecord, isRunning } from "./container-record.ts";

/** Throws conflict for a container without a running program; `message` replaces the reason for a stopped one. */
export function requireRunning(record: ContainerRecord, message?: string): void {
  requireNotRestarting(record);
  if (isRunning(record)) return;
  throw new TboxError("conflict", message ?? `container ${record.id} is not running`);
}

/** Throws conflict for a container that waits for its next start. */
export function requireNotRestarting({ id, state }: Pick<ContainerRecord, "id" | "state">): void {
  if (state.status !== "restarting") return;
  throw new TboxError("conflict", `container ${id} is restarting, wait until the container is running`);
}
