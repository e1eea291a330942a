import { Elysia } from "elysia";
import type { BuildsPruned } from "#api/answers/prune.ts";
import { buildQuery, cancelBuildQuery, outputQuery, pruneBuildQuery } from "#api/requests/build.ts";
import type { Builder } from "#builds/builder.ts";
import {
  classicBuildAnswer,
  describedAnswer,
  sessionBuildAnswer,
  tboxBuildAnswer,
} from "../answers/builds/build-stream.ts";
import { empty } from "../answers/status-only.ts";
import { streamed } from "../http/streamed.ts";
import { parseClassicBuild, parseSessionBuild } from "../requests/classic-build.ts";
import { parsePruneBuilds } from "../requests/prune-builds.ts";
import { parseTboxBuild } from "../requests/tbox-build.ts";
import type { LoadBuildKit } from "../streams/buildkit.ts";

/** Requests about builds and their cache. */
export function buildRoutes(builder: Builder, loadBuildKit: LoadBuildKit) {
  return (
    new Elysia()
      .post(
        "/build",
        async ({ query, request }) => {
          if (query.version === "2") {
            return sessionBuildAnswer(loadBuildKit, parseSessionBuild(query, request));
          }
          const quiet = query.q ?? false;
          const keepContainers = query.rm === false;
          const events = builder.build(parseClassicBuild(query, request));
          return classicBuildAnswer(events, { quiet, keepContainers });
        },
        { query: buildQuery, parse: "none" },
      )
      .post(
        "/tbox/build",
        async ({ request }) => {
          const parsed = await parseTboxBuild(request);
          if (parsed.type === "plain") return tboxBuildAnswer(builder.build(parsed.request));
          if (parsed.type === "question") {
            return describedAnswer(builder.build(parsed.request), parsed.question, parsed.request);
          }
          return tboxBuildAnswer((await loadBuildKit()).buildForCommand(parsed.build));
        },
        { parse: "none" },
      )
      .get(
        "/tbox/outputs",
        async ({ query: { token } }) =>
          streamed((await loadBuildKit()).takeOutput(token), "application/octet-stream"),
        { query: outputQuery },
      )
      // Docker cancels builds of BuildKit here; a classic build ends with its connection.
      .post("/build/cancel", () => empty(), { query: cancelBuildQuery, parse: "none" })
      .post(
        "/build/prune",
        async ({ query }): Promise<BuildsPruned> => {
          const { ids, space } = await builder.prune(parsePruneBuilds(query));
          return { CachesDeleted: ids, SpaceReclaimed: space };
        },
        { query: pruneBuildQuery },
      )
  );
}
