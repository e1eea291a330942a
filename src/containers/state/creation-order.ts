import type { ContainerRecord } from "./container-record.ts";

/** Records in the order of their creation, so that a list of hundreds of containers need not be sorted. */
export interface CreationOrder {
  /** Adds a record, or puts it in the place of the known one. */
  put(record: ContainerRecord, known: ContainerRecord | undefined): void;
  remove(record: ContainerRecord): void;
  all(): ContainerRecord[];
}

/** Compares records by the time of their creation. */
export function byCreation(a: ContainerRecord, b: ContainerRecord): number {
  return a.created < b.created ? -1 : a.created > b.created ? 1 : 0;
}

/** Opens an empty list. Records with the same time are in the order in which they were added. */
export function openCreationOrder(): CreationOrder {
  const records: ContainerRecord[] = [];
  return {
    put(record, known) {
      if (record === known) return;
      if (known) records[records.indexOf(known)] = record;
      else {
        // The newest record is the last one, unless the clock was set back.
        let index = records.length;
        for (; index > 0; index--) {
          const before = records[index - 1];
          if (before && byCreation(before, record) <= 0) break;
        }
        records.splice(index, 0, record);
      }
    },
    remove(record) {
      // Most containers that are removed are among the newest.
      const index = records.lastIndexOf(record);
      if (index >= 0) records.splice(index, 1);
    },
    all: () => records.slice(),
  };
}
