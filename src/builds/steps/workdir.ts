import { posix } from "node:path";
import { cacheKey } from "../cache/build-cache.ts";
import { expander } from "../plan/apply-setting.ts";
import type { StageState } from "../plan/stage-state.ts";
import type { BuildRun, StepResult } from "../solve/build-run.ts";
import { ensureLayer } from "./ensure-layer.ts";

/** Carries out WORKDIR: creates the directory, owned by the user of the stage. */
export async function changeDirectory(
  run: BuildRun,
  stage: StageState,
  instruction: { path: string },
): Promise<StepResult> {
  const path = expander(stage, run.settings)(instruction.path);
  const directory = posix.resolve("/", stage.settings.WorkingDir || "/", path);
  const moved = { ...stage, settings: { ...stage.settings, WorkingDir: directory } };
  const createdBy = `WORKDIR ${directory}`;
  const user = stage.settings.User ?? "";
  const key = cacheKey(["workdir", stage.diffIds, directory, user, run.epoch ?? null]);
  return ensureLayer(run, moved, {
    key,
    createdBy,
    async create() {
      if (directory === "/") return undefined;
      using workspace = run.services.containers.builds.openWorkspace(stage.diffIds);
      const nothing = { tree: { layers: [] }, source: "/", target: `${directory}/`, skip: [], unpack: false };
      const owner = user === "" ? ({ type: "root" } as const) : ({ type: "named", name: user } as const);
      await workspace.copy([nothing], { owner });
      return await run.services.layers.commitUpper(
        workspace.upper,
        run.epoch === undefined ? {} : { latest: run.epoch },
      );
    },
  });
}
