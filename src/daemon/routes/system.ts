import { Elysia } from "elysia";
import { eventsQuery } from "#api/requests/events.ts";
import { diskUsageTypes } from "#api/requests/system.ts";
import type { Engine } from "#engine/engine.ts";
import { readShortages } from "#support/disk-room.ts";
import { summaryContext } from "../answers/containers/summary-context.ts";
import { diskUsageOfVersion, shapeDiskUsage } from "../answers/system/disk-usage.ts";
import { eventLines } from "../answers/system/events.ts";
import { informationOfVersion, shapeInformation } from "../answers/system/information.ts";
import { measureDiskUsage } from "../answers/system/measure-disk-usage.ts";
import { shapeVersion } from "../answers/system/version.ts";
import { lazyJson } from "../http/lazy-json.ts";
import { streamed } from "../http/streamed.ts";
import { apiVersion } from "../requests/api-target.ts";
import { eventFilter } from "../requests/event-filter.ts";
import { awaitedStarts, parseEventRange } from "../requests/event-range.ts";

const pingHeaders = {
  "Builder-Version": "1",
  "Cache-Control": "no-cache, no-store, must-revalidate",
  "Content-Type": "text/plain; charset=utf-8",
  Pragma: "no-cache",
  Swarm: "inactive",
};

const everything = { all: true, filters: new Map<string, string[]>() };

/** Requests about the daemon as a whole. */
export function systemRoutes(engine: Engine, dataDirectory: string) {
  const { images, containers } = engine;
  return new Elysia()
    .get("/_ping", () => new Response("OK", { headers: pingHeaders }))
    .head("/_ping", () => new Response("OK", { headers: pingHeaders }))
    .get("/metrics", async () => {
      const headers = { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" };
      return new Response(await engine.metrics.render(), { headers });
    })
    .get("/version", async () => shapeVersion((await engine.information()).kernelVersion))
    .get("/info", async ({ request: { headers } }) => {
      const answer = shapeInformation(await engine.information(), {
        images: (await images.list(everything)).length,
        states: containers.queries.list(everything).map(({ state }) => state.status),
        now: new Date(),
      });
      return informationOfVersion(answer, apiVersion(headers));
    })
    .get(
      "/events",
      ({ query: { since, until, filters = new Map() }, request: { signal } }) => {
        const passes = eventFilter(filters);
        const range = { ...parseEventRange(since, until), ...awaitedStarts(filters, Date.now()) };
        const events = engine.events.read({ ...range, signal });
        return streamed(eventLines(events, passes), "application/json");
      },
      { query: eventsQuery },
    )
    .get("/system/df", async ({ request }) => {
      const types = diskUsageTypes.parse(new URL(request.url).searchParams.getAll("type"));
      const usage = await measureDiskUsage(engine, types);
      const warnings = readShortages(dataDirectory);
      return lazyJson({
        ...diskUsageOfVersion(
          shapeDiskUsage(usage, summaryContext(engine, dataDirectory)),
          apiVersion(request.headers),
        ),
        ...(warnings.length > 0 ? { Warnings: warnings } : {}),
      });
    });
}
