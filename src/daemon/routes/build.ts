import { Elysia } from "elysia";
import { buildQuery, filesQuery, type PruneBuildQuery, pruneBuildQuery } from "#api/requests/build.ts";
import type { Builder, PruneBuildOptions } from "#builds/builder.ts";
import { parseMoment } from "#support/time/moment.ts";
import { classicLines } from "../answers/build.ts";
import { buildAnswer, buildLines, classicFailure, tboxFailure } from "../answers/build-stream.ts";
import { streamed } from "../http/streamed.ts";
import { classicRequest } from "../requests/classic-build.ts";
import { tboxRequest } from "../requests/tbox-build.ts";

export function buildRoutes(builder: Builder) {
  return new Elysia()
    .post(
      "/build",
      ({ query, request }) =>
        buildAnswer(
          builder.build(classicRequest(query, request)),
          classicLines(query.q ?? false),
          classicFailure,
        ),
      { query: buildQuery, parse: "none" },
    )
    .post(
      "/tbox/build",
      async ({ request }) =>
        buildLines(builder.build(await tboxRequest(request)), (event) => [event], tboxFailure),
      { parse: "none" },
    )
    .get("/tbox/files", ({ query: { image } }) => streamed(builder.files(image), "application/x-tar"), {
      query: filesQuery,
    })
    .post(
      "/build/prune",
      async ({ query }) => {
        const { ids, space } = await builder.prune(pruneOptions(query));
        return { CachesDeleted: ids, SpaceReclaimed: space };
      },
      { query: pruneBuildQuery },
    );
}

function pruneOptions(query: PruneBuildQuery): PruneBuildOptions {
  const { all = false, "min-free-space": free = 0, "max-used-space": most = 0 } = query;
  const reserved = query["reserved-space"] ?? query["keep-storage"] ?? 0;
  const { until, "unused-for": unused, ...filters } = Object.fromEntries(query.filters ?? []);
  const moments = [...(until ?? []), ...(unused ?? [])].map(parseMoment);
  return {
    all,
    reserved,
    most,
    free,
    filters: new Map(Object.entries(filters)),
    ...(moments.length === 0 ? {} : { until: Math.min(...moments) }),
  };
}
