import type { DiffId } from "#oci/digest.ts";
import type {
  BuildEvent,
  BuildMaterial,
  BuildRequest,
  ContextSource,
  RequestedResource,
} from "../builder.ts";
import type { ReusableSteps } from "../cache/cache-images.ts";
import type { Context } from "../context/open-context.ts";
import type { LineRange } from "../dockerfile/statement.ts";
import type { Lint } from "../lint/lint.ts";
import type { SettingContext } from "../plan/apply-setting.ts";
import type { PlannedStages, Source } from "../plan/plan-stages.ts";
import type { StageState } from "../plan/stage-state.ts";
import type { BuilderServices } from "../services.ts";

/** The state of one running build. */
export interface BuildRun {
  services: BuilderServices;
  request: BuildRequest;
  planned: PlannedStages;
  settings: SettingContext;
  context: Context;
  /** Opens the files of a named context. */
  openContext(source: ContextSource): Promise<Context>;
  /** Temporary directory of the build, deleted at its end. */
  scratch: string;
  /** Upper bound for timestamps of files and images, in seconds since the epoch (SOURCE_DATE_EPOCH). */
  epoch: number | undefined;
  lint: Lint;
  signal: AbortSignal;
  emit(event: BuildEvent): void;
  /** Resolves when the client has read most of the events, and at the end of the build. */
  room(): Promise<void>;
  reusable: ReusableSteps;
  /** Sources from outside that the build has used so far. */
  materials: BuildMaterial[];
  /** Secrets and SSH agents of the steps so far. */
  requested: RequestedResource[];
  /** Returns the layers of a stage or an image; waits until the stage is built. */
  filesOf(source: Source, lines: LineRange): Promise<DiffId[]>;
}

/** The position of an instruction. */
export interface StepContext {
  /** Index of the stage. */
  index: number;
  /** Number of the instruction in the file, from 1. */
  number: number;
}

/** The stage after a step. */
export interface StepResult {
  stage: StageState;
  cached: boolean;
  /** Cache key of the step. */
  key: string;
}
