import { invalidArgument } from "#support/errors.ts";

/** Returns the period of `GET /events`, in nanoseconds since the epoch. */
export function parseEventRange(since: bigint | undefined, until: bigint | undefined) {
  if (since !== undefined && until !== undefined && since > until) {
    throw invalidArgument("`since` cannot be after `until`");
  }
  return { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
}
