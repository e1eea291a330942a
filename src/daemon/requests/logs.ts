import type { LogsQuery } from "#api/requests/containers.ts";
import type { LogOptions } from "#containers/streams/logs.ts";
import { invalidArgument } from "#support/errors.ts";

/** Returns the options of `GET /containers/{id}/logs`. */
export function parseLogs(query: LogsQuery, signal: AbortSignal): LogOptions {
  const { stdout = false, stderr = false, follow = false, since, until, tail } = query;
  if (!stdout && !stderr) throw invalidArgument("Bad parameters: you must choose at least one stream");
  return {
    stdout,
    stderr,
    follow,
    signal,
    // Clients send 0 for no limit.
    ...(since === undefined || since === 0n ? {} : { since }),
    ...(until === undefined || until === 0n ? {} : { until }),
    ...(tail === undefined ? {} : { tail }),
  };
}
