import type { ContainerRecord } from "./container-record.ts";

/** Exit statuses of containers that were removed at their exit, for waits that start a moment too late. */
export interface RemovedExits {
  remember(record: Pick<ContainerRecord, "id" | "name">, exitCode: number): void;
  /**
   * Finds an exit status by the container's name, ID or ID prefix. If several containers had the name, returns the
   * latest status.
   */
  find(name: string): number | undefined;
}

/** Milliseconds for which an exit status is remembered. */
const lifetime = 5 * 60 * 1000;

/** Maximum number of exit statuses; the oldest are forgotten first. */
const capacity = 1000;

export function createRemovedExits(now: () => number = Date.now): RemovedExits {
  const exits: { id: string; name: string; exitCode: number; at: number }[] = [];
  return {
    remember({ id, name }, exitCode) {
      exits.push({ id, name, exitCode, at: now() });
      if (exits.length > capacity) exits.shift();
    },
    find(wanted) {
      const plain = wanted.replace(/^\//, "");
      if (plain === "") return undefined;
      const oldest = now() - lifetime;
      return exits.findLast(({ id, name, at }) => at > oldest && (name === plain || id.startsWith(plain)))
        ?.exitCode;
    },
  };
}
