import { compileFilters, type Filters, unknownFilter } from "#support/filters/filters.ts";
import { labelFilter } from "#support/filters/labels.ts";
import { untilFilter } from "#support/time/moment.ts";
import { removeStopped } from "../lifecycle/remove.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { measure } from "./disk-usage.ts";

export interface PrunedContainers {
  ids: string[];
  /** Reclaimed bytes. */
  space: number;
}

/** Removes all stopped containers that match the filters `label`, `label!` and `until`. */
export async function pruneContainers(
  services: ContainerServices,
  filters: Filters,
): Promise<PrunedContainers> {
  const passes = compileFilters(filters, testFor);
  const pruned: PrunedContainers = { ids: [], space: 0 };
  for (const { id } of services.records.all()) {
    await services.runtime(id).queue(async () => {
      const record = services.records.withId(id);
      if (!record || isRunning(record) || record.state.status === "restarting") return;
      if (!passes(record)) return;
      const [size = 0] = await measure(services, [`containers/${id}`]);
      pruned.space += size;
      await removeStopped(services, record);
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
