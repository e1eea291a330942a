import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import type { ContainerRecords } from "../state/container-records.ts";

/** Returns records whose lookups by name begin the recovery of the container that they find. */
export function recoveringFirst(
  records: ContainerRecords,
  recover: (id: string) => Promise<void> | undefined,
): ContainerRecords {
  const begin = <Found extends ContainerRecord | undefined>(record: Found): Found => {
    if (record) void recover(record.id);
    return record;
  };
  return {
    ...records,
    find: (name) => begin(records.find(name)),
    lookup: (name) => begin(records.lookup(name)),
  };
}

/** Runs an action that needs the connection to the monitor of a running container. */
export async function afterRecovery<T>(
  { records, runtime }: Pick<ContainerServices, "records" | "runtime">,
  name: string,
  action: () => Promise<T>,
): Promise<T> {
  const record = records.lookup(name);
  const recovery = record && runtime(record.id).recover?.();
  if (recovery) await recovery;
  return action();
}
