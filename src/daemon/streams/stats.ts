import { setTimeout } from "node:timers/promises";
import type { ContainerStats } from "#containers/admin/stats.ts";
import type { Containers } from "#containers/containers.ts";
import { errorCode } from "#support/errors.ts";
import { shapeStats } from "../answers/stats.ts";

/** Milliseconds between two samples, as Docker takes them. */
const interval = 1000;

/** A sample now and one a second, until the client or the container is gone. */
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

/** One sample; with another from a second before to compare with unless it is to be quick. */
export async function oneSample(
  containers: Pick<Containers, "queries" | "admin">,
  id: string,
  { quick, signal }: { quick: boolean; signal: AbortSignal },
) {
  const before = quick ? undefined : containers.admin.stats(id);
  if (before !== undefined) await pause(signal);
  return shapeStats(containers.queries.get(id), containers.admin.stats(id), before);
}

/** Waits for the next sample, or until the signal aborts. */
async function pause(signal: AbortSignal): Promise<void> {
  await setTimeout(interval, undefined, { signal }).catch(() => {});
}
