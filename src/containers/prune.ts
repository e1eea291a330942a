import { TboxError } from "#support/errors.ts";
import { type Fleet, inTurn, isRunning } from "./fleet.ts";
import { hasLabel } from "./list.ts";
import type { ContainerRecord } from "./record.ts";
import { removeStopped } from "./remove.ts";

export interface PrunedContainers {
  ids: string[];
  /** Bytes of their writable layers. */
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
      throw new TboxError("invalid-argument", `invalid filter '${key}'`);
  }
}

/** Milliseconds since the epoch: of a time, or of a duration ago as Go writes it (`1h30m`). */
export function momentOf(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join("") === text) {
    return (
      Date.now() - parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (units[unit] ?? 0), 0)
    );
  }
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new TboxError("invalid-argument", `invalid filter 'until=${text}'`);
}
