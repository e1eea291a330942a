import { invalidArgument } from "#support/errors.ts";
import type { Filters } from "#support/filters/filters.ts";

/** Returns the period of `GET /events`, in nanoseconds since the epoch. */
export function parseEventRange(since: bigint | undefined, until: bigint | undefined) {
  if (since !== undefined && until !== undefined && since > until) {
    throw invalidArgument("`since` cannot be after `until`");
  }
  return { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
}

/**
 * Returns the moment from which a reader of nothing but `start` also gets starts of the past. The Dev Containers CLI runs
 * `docker events --filter event=start` and `docker run` at the same time and waits for the event forever; Docker starts a
 * container more slowly than the first command connects, tbox does not.
 */
export function awaitedStarts(filters: Filters, now: number): { startsSince?: bigint } {
  const actions = filters.get("event") ?? [];
  if (actions.length === 0 || actions.some((action) => action !== "start")) return {};
  return { startsSince: BigInt(now - headStart) * 1_000_000n };
}

/** Milliseconds by which a start may precede the request of a client that waits for it. */
const headStart = 5000;
