import { setTimeout } from "node:timers/promises";
import type { StatsSample } from "#api/answers/container-stats.ts";
import type { ContainerStats } from "#containers/admin/stats.ts";
import type { Containers } from "#containers/containers.ts";
import { errorCode } from "#support/errors.ts";
import { shapeStats } from "./stats.ts";

/** Milliseconds between two samples, as in Docker. */
const interval = 1000;

/** Yields a sample at once and then one each second until the client disconnects or the container is removed. */
export async function* statsLines(
  containers: Pick<Containers, "queries" | "admin">,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  let before: ContainerStats | undefined;
  while (!signal.aborted) {
    let line: string;
    try {
      const now = containers.admin.stats(id);
      line = `${JSON.stringify(shapeStats(containers.queries.get(id), now, before))}\n`;
      before = now;
    } catch (error) {
      if (errorCode(error) === "not-found") return;
      throw error;
    }
    yield line;
    await pause(signal);
  }
}

/** Returns one sample. Unless `quick` is set, waits a second for a previous sample to compare with. */
export async function oneSample(
  containers: Pick<Containers, "queries" | "admin">,
  id: string,
  { quick, signal }: { quick: boolean; signal: AbortSignal },
): Promise<StatsSample> {
  const before = quick ? undefined : containers.admin.stats(id);
  if (before !== undefined) await pause(signal);
  return shapeStats(containers.queries.get(id), containers.admin.stats(id), before);
}

/** Waits for the next sample, or until the signal aborts. */
async function pause(signal: AbortSignal): Promise<void> {
  await setTimeout(interval, undefined, { signal }).catch(() => {});
}
