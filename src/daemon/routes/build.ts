import { Elysia } from "elysia";
import { buildQuery, filesQuery, type PruneBuildQuery, pruneBuildQuery } from "#api/build.ts";
import type { Builder, PruneBuildOptions } from "#build/builder.ts";
import { TboxError } from "#support/errors.ts";
import { momentOf } from "#support/moment.ts";
import { buildAnswer, buildLines, classicFailure, tboxFailure } from "../build/answer.ts";
import { classicRequest } from "../build/classic-request.ts";
import { tboxRequest } from "../build/tbox-request.ts";
import { streamed } from "../http/streamed.ts";
import { classicLines } from "../shape/build.ts";

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
  const { all = false, "min-free-space": free } = query;
  if (free) throw new TboxError("not-implemented", "min-free-space: not supported yet");
  const keep = query["keep-storage"] ?? query["max-used-space"] ?? query["reserved-space"] ?? 0;
  let until: number | undefined;
  for (const [key, values] of query.filters ?? []) {
    if (key !== "until" && key !== "unused-for")
      throw new TboxError("invalid-argument", `invalid filter '${key}'`);
    until = Math.min(...values.map(momentOf));
  }
  return { all, keep, ...(until === undefined ? {} : { until }) };
}
