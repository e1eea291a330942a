import type { BaseImage } from "#images/authoring/image-authoring.ts";
import type { DiffId } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";
import type { LineRange } from "../dockerfile/statement.ts";
import type { Source } from "../plan/plan-stages.ts";
import type { StageState } from "../plan/stage-state.ts";
import { fetchImage } from "./base-image.ts";
import type { BuildRun } from "./build-run.ts";
import { filesOfContext } from "./files-of-context.ts";
import { solveStage } from "./solve-stage.ts";

/** Builds stages on demand, each once. */
export interface Solver {
  /** Builds a stage and the stages that it depends on; independent stages are built concurrently. */
  stage(index: number): Promise<StageState>;
  filesOf(source: Source, lines: LineRange): Promise<DiffId[]>;
  /** Resolves when all started stages and pulls have settled. */
  ended(): Promise<void>;
}

/** Opens a solver. `run` is a function because the `BuildRun` contains the solver and is created after it. */
export function openSolver(run: () => BuildRun): Solver {
  const stages = new Map<number, Promise<StageState>>();
  const images = new Map<string, Promise<BaseImage>>();
  const named = new Map<string, Promise<StageState>>();

  function stage(index: number): Promise<StageState> {
    const running = stages.get(index) ?? solveStage(run(), { stage, image, files }, index);
    running.catch(() => {});
    stages.set(index, running);
    return running;
  }

  function image(name: string, platform: Platform | undefined): Promise<BaseImage> {
    const key = `${name} ${JSON.stringify(platform)}`;
    const running = images.get(key) ?? fetchImage(run(), name, platform);
    images.set(key, running);
    return running;
  }

  function files(name: string): Promise<StageState> {
    const running = named.get(name) ?? filesOfContext(run(), name);
    running.catch(() => {});
    named.set(name, running);
    return running;
  }

  return {
    stage,
    async ended() {
      await Promise.allSettled([...stages.values(), ...images.values(), ...named.values()]);
    },
    async filesOf(source) {
      if (source.type === "scratch") return [];
      if (source.type === "stage") return (await stage(source.index)).diffIds;
      if (source.type === "files") return (await files(source.name)).diffIds;
      return (await image(source.name, run().request.platform)).diffIds;
    },
  };
}
