import { compileFilters, unknownFilter } from "#support/filters/filters.ts";
import { labelFilter } from "#support/filters/labels.ts";
import { untilFilter } from "#support/time/moment.ts";
import { removeStopped } from "../lifecycle/remove.ts";
import { type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";

export interface PrunedContainers {
  ids: string[];
  /** Bytes of the disk. */
  space: number;
}

/** Removes every container that does not run and passes the filters `label`, `label!` and `until`. */
export async function pruneContainers(
  fleet: Fleet,
  filters: Map<string, string[]>,
  sizeOf: (record: ContainerRecord) => Promise<number>,
): Promise<PrunedContainers> {
  const passes = compileFilters(filters, testFor);
  const pruned: PrunedContainers = { ids: [], space: 0 };
  for (const { id } of fleet.records.all()) {
    await fleet.companion(id).inTurn(async () => {
      const record = fleet.records.all().find((one) => one.id === id);
      if (!record || isRunning(record) || record.state.status === "restarting") return;
      if (!passes(record)) return;
      pruned.space += await sizeOf(record);
      await removeStopped(fleet, record);
      pruned.ids.push(id);
    });
  }
  return pruned;
}

function testFor(key: string, values: string[]): (record: ContainerRecord) => boolean {
  switch (key) {
    case "label":
    case "label!": {
      const test = labelFilter(key, values);
      return ({ config }) => test(config.Labels);
    }
    case "until": {
      const test = untilFilter(values);
      return ({ created }) => test(Date.parse(created));
    }
    default:
      throw unknownFilter(key);
  }
}
