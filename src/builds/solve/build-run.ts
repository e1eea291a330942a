import type { DiffId } from "#oci/digest.ts";
import type { BuildEvent, BuildRequest } from "../builder.ts";
import type { Reuse } from "../cache/cache-images.ts";
import type { Context } from "../context/open-context.ts";
import type { LineRange } from "../dockerfile/statement.ts";
import type { Lint } from "../lint/lint.ts";
import type { SettingContext } from "../plan/apply-setting.ts";
import type { PlannedStages, Source } from "../plan/plan-stages.ts";
import type { StageState } from "../plan/stage-state.ts";
import type { Workshop } from "../services.ts";

/** One build while it runs. */
export interface BuildRun {
  workshop: Workshop;
  request: BuildRequest;
  planned: PlannedStages;
  settings: SettingContext;
  context: Context;
  /** A directory of the build's own, which goes with it. */
  scratch: string;
  /** Seconds since the epoch that nothing made here is younger than. */
  epoch: number | undefined;
  lint: Lint;
  signal: AbortSignal;
  emit(event: BuildEvent): void;
  reuse: Reuse;
  /** The files of a stage or an image; of a stage once it is built. */
  filesOf(source: Source, lines: LineRange): Promise<DiffId[]>;
}

/** An instruction of a stage. */
export interface StepPlace {
  /** Of the stage. */
  index: number;
  /** Among all instructions. */
  number: number;
}

/** What a step makes of a stage. */
export interface StepResult {
  stage: StageState;
  cached: boolean;
  /** Key of the result. */
  key: string;
}
