import { hostPlatform } from "#oci/platform.ts";
import { TboxError } from "#support/errors.ts";
import { cacheKey } from "../cache/build-cache.ts";
import { emptyStage, type StageState } from "../plan/stage-state.ts";
import { ensureLayer } from "../steps/ensure-layer.ts";
import type { BuildRun } from "./build-run.ts";

/** Returns a stage whose only layer has the files of a named context, so that any step can use them. */
export async function filesOfContext(run: BuildRun, name: string): Promise<StageState> {
  const named = run.planned.contexts.get(name);
  if (named?.type !== "files") throw new TboxError("internal", `${name} is not a named context with files`);
  const context = await run.openContext(named.source);
  const listing = await context.list();
  const digest = await listing.digest("", []);
  const stage = emptyStage(run.request.platform ?? hostPlatform());
  const key = cacheKey(["files", digest, run.epoch ?? null]);
  const result = await ensureLayer(run, stage, {
    key,
    createdBy: `files of ${name}`,
    async create() {
      using workspace = run.services.containers.builds.openWorkspace([]);
      const skip = listing.ignored;
      const copies = [{ tree: context.files, source: "/", target: "/", skip, unpack: false }];
      await workspace.copy(copies, { owner: { type: "root" } });
      const latest = run.epoch === undefined ? {} : { latest: run.epoch };
      return await run.services.layers.commitUpper(workspace.upper, latest);
    },
  });
  return result.stage;
}
