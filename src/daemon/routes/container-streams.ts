import { Elysia } from "elysia";
import { containerLogsQuery, containerStatsQuery, waitContainerQuery } from "#api/requests/containers.ts";
import { containerParams as params } from "#api/schema/names.ts";
import type { Containers } from "#containers/containers.ts";
import { invalidArgument } from "#support/errors.ts";
import { shapeLog } from "../answers/log-text.ts";
import { outputFraming, outputMediaType } from "../answers/output.ts";
import { versionHeader } from "../http/adapter.ts";
import { gathered } from "../http/gathered.ts";
import { streamed } from "../http/streamed.ts";
import { oneSample, statsLines } from "../streams/stats.ts";

/** Answers that begin at once and end when the container has something to say, or has said it all. */
export function containerStreamRoutes(
  containers: Pick<Containers, "queries" | "lifecycle" | "streams" | "admin">,
) {
  return (
    new Elysia()
      .post(
        "/containers/:id/wait",
        ({ params: { id }, query: { condition = "not-running" }, request: { signal } }) => {
          containers.queries.get(id);
          const exit = containers.lifecycle.wait(id, condition, signal);
          // When the client goes before the exit, nobody is left to hear of the cancellation.
          exit.catch(() => {});
          return streamed(exitLine(exit), "application/json");
        },
        { params, query: waitContainerQuery },
      )
      // With `Upgrade: websocket` the request does not get here.
      .get(
        "/containers/:id/attach/ws",
        ({ params: { id } }) => {
          containers.queries.get(id);
          const message = "attach/ws: the request does not ask for `Upgrade: websocket`";
          throw invalidArgument(message);
        },
        { params },
      )
      .get(
        "/containers/:id/stats",
        ({ params: { id }, query: { stream = true, "one-shot": quick = false }, request: { signal } }) => {
          const { id: full } = containers.queries.get(id);
          if (stream && quick) {
            throw invalidArgument("cannot have stream=true and one-shot=true");
          }
          if (!stream) return oneSample(containers, full, { quick, signal });
          return streamed(statsLines(containers, full, signal), "application/json");
        },
        { params, query: containerStatsQuery },
      )
      .get(
        "/containers/:id/logs",
        async ({ params: { id }, query, request: { signal, headers } }) => {
          const {
            stdout = false,
            stderr = false,
            follow = false,
            timestamps = false,
            since,
            until,
            tail,
          } = query;
          if (!stdout && !stderr) {
            throw invalidArgument("Bad parameters: you must choose at least one stream");
          }
          const tty = containers.queries.get(id).config.Tty === true;
          const records = await containers.streams.logs(id, {
            stdout,
            stderr,
            follow,
            signal,
            // Zero is how clients say that they do not care.
            ...(since === undefined || since === 0n ? {} : { since }),
            ...(until === undefined || until === 0n ? {} : { until }),
            ...(tail === undefined ? {} : { tail }),
          });
          const text = shapeLog(records, { timestamps, framing: outputFraming(tty) });
          return streamed(gathered(text), outputMediaType(tty, Number(headers.get(versionHeader))));
        },
        { params, query: containerLogsQuery },
      )
  );
}

async function* exitLine(exit: Promise<{ code: number; error?: string }>) {
  const { code, error } = await exit;
  const failure = error === undefined || error === "" ? {} : { Error: { Message: error } };
  yield `${JSON.stringify({ StatusCode: code, ...failure })}\n`;
}
