import { Elysia } from "elysia";
import type { ContainerExit } from "#api/answers/containers.ts";
import { containerLogsQuery, containerStatsQuery, waitContainerQuery } from "#api/requests/containers.ts";
import { containerParams as params } from "#api/schema/names.ts";
import type { Containers } from "#containers/containers.ts";
import type { ExitStatus } from "#containers/lifecycle/wait.ts";
import { invalidArgument } from "#support/errors.ts";
import { logDetails } from "../answers/containers/log-details.ts";
import { shapeLog } from "../answers/containers/log-text.ts";
import { outputFraming, outputMediaType } from "../answers/containers/output-format.ts";
import { oneSample, statsLines } from "../answers/containers/stats-lines.ts";
import { gathered } from "../http/gathered.ts";
import { streamed } from "../http/streamed.ts";
import { apiVersion } from "../requests/api-target.ts";
import { parseLogs } from "../requests/logs.ts";

/** Requests with answers that last as long as the container has something to report. */
export function containerStreamRoutes(
  containers: Pick<Containers, "queries" | "lifecycle" | "streams" | "admin">,
) {
  return (
    new Elysia()
      .post(
        "/containers/:id/wait",
        ({ params: { id }, query: { condition = "not-running" }, request: { signal } }) => {
          const exit = containers.lifecycle.wait(id, condition, signal);
          // A client that disconnects cancels the wait, and nothing else handles that rejection.
          exit.catch(() => {});
          return streamed(exitLine(exit), "application/json");
        },
        { params, query: waitContainerQuery },
      )
      // Requests with `Upgrade: websocket` do not get here.
      .get(
        "/containers/:id/attach/ws",
        ({ params: { id } }) => {
          containers.queries.get(id);
          throw invalidArgument("attach/ws: the request does not ask for `Upgrade: websocket`");
        },
        { params },
      )
      .get(
        "/containers/:id/stats",
        ({ params: { id }, query: { stream = true, "one-shot": quick = false }, request: { signal } }) => {
          const record = containers.queries.get(id);
          if (stream && quick) throw invalidArgument("cannot have stream=true and one-shot=true");
          if (!stream) return oneSample(containers, record.id, { quick, signal });
          return streamed(statsLines(containers, record.id, signal), "application/json");
        },
        { params, query: containerStatsQuery },
      )
      .get(
        "/containers/:id/logs",
        async ({ params: { id }, query, request: { signal, headers } }) => {
          const options = parseLogs(query, signal);
          const record = containers.queries.get(id);
          const tty = record.config.Tty === true;
          const records = await containers.streams.logs(id, options);
          const { timestamps = false } = query;
          const details = query.details ? logDetails(record) : "";
          const text = shapeLog(records, { timestamps, details, framing: outputFraming(tty) });
          return streamed(gathered(text), outputMediaType(tty, apiVersion(headers)));
        },
        { params, query: containerLogsQuery },
      )
  );
}

async function* exitLine(exit: Promise<ExitStatus>): AsyncGenerator<string, void, void> {
  const { code, error } = await exit;
  const line: ContainerExit = {
    StatusCode: code,
    ...(error === undefined ? {} : { Error: { Message: error } }),
  };
  yield `${JSON.stringify(line)}\n`;
}
