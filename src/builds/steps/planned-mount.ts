import type { StepMount } from "#containers/build-steps/create-step.ts";
import type { Located, Run } from "../dockerfile/instruction.ts";
import type { StageState } from "../plan/stage-state.ts";
import type { BuildRun, StepContext } from "../solve/build-run.ts";

export type OpenedMount = { mount?: StepMount; environment?: string };

/** A mount of a RUN and the part of the cache key that depends on it. */
export interface PlannedMount {
  key: unknown;
  open(held: DisposableStack): Promise<OpenedMount>;
}

/** The instruction that a mount belongs to. */
export interface MountContext {
  run: BuildRun;
  stage: StageState;
  instruction: Run & Located;
  step: StepContext;
  position: number;
}
