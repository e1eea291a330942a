import { invalidArgument } from "#support/errors.ts";
import { momentOf } from "#support/moment.ts";
import { removeStopped } from "../lifecycle/remove.ts";
import { type Fleet, inTurn, isRunning } from "../services.ts";
import { hasLabel } from "../state/list.ts";
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
  const tests = [...filters].map(([key, values]) => testFor(key, values));
  const pruned: PrunedContainers = { ids: [], space: 0 };
  for (const { id } of fleet.records.all()) {
    await inTurn(fleet.companion(id), async () => {
      const record = fleet.records.all().find((one) => one.id === id);
      if (!record || isRunning(record) || record.state.status === "restarting") return;
      if (!tests.every((test) => test(record))) return;
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
      return (record) => values.every((value) => hasLabel(record, value));
    case "label!":
      return (record) => !values.some((value) => hasLabel(record, value));
    case "until": {
      const moments = values.map(momentOf);
      return ({ created }) => moments.every((moment) => Date.parse(created) < moment);
    }
    default:
      throw invalidArgument(`invalid filter '${key}'`);
  }
}
