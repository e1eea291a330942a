import type { BaseImage } from "#images/authoring/image-authoring.ts";
import type { DiffId } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
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
  /** Returns the stages that are complete. */
  built(): StageState[];
  /** Resolves when all started stages and pulls have settled. */
  ended(): Promise<void>;
}

/** Opens a solver. `run` is a function because the `BuildRun` contains the solver and is created after it. */
export function openSolver(run: () => BuildRun): Solver {
  const stages = new Map<number, Promise<StageState>>();
  const images = new Map<string, Promise<BaseImage>>();
  const named = new Map<string, Promise<StageState>>();

  const complete: StageState[] = [];

  function stage(index: number): Promise<StageState> {
    const known = stages.get(index);
    if (known) return known;
    const running = solveStage(run(), { stage, image, files }, index);
    running.then(
      (state) => complete.push(state),
      () => {},
    );
    stages.set(index, running);
    return running;
  }

  function image(name: string, platform: Platform | undefined): Promise<BaseImage> {
    const key = `${name} ${JSON.stringify(platform)}`;
    const running = images.get(key) ?? fetchMaterial(run(), name, platform);
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
    built: () => complete,
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

/** Returns an image and records that the build used it. */
async function fetchMaterial(
  run: BuildRun,
  name: string,
  platform: Platform | undefined,
): Promise<BaseImage> {
  const image = await fetchImage(run, name, platform);
  if (!/^sha256:[0-9a-f]{64}$/.test(name)) {
    const { os, architecture, variant } = image.config;
    const own = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    const digest = image.target.digest;
    run.materials.push({ type: "image", name: parseReference(name), platform: own, digest });
  }
  return image;
}
