import { setImmediate } from "node:timers/promises";
import { errorChain, TboxError } from "#support/errors.ts";
import { cacheKey } from "../cache/build-cache.ts";
import { DockerfileError } from "../dockerfile/dockerfile-error.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import type { LineRange } from "../dockerfile/statement.ts";
import { applySetting } from "../plan/apply-setting.ts";
import { type StageState, withStep } from "../plan/stage-state.ts";
import { copyFiles } from "../steps/copy.ts";
import { runProgram } from "../steps/run.ts";
import { changeDirectory } from "../steps/workdir.ts";
import type { BuildRun, StepContext, StepResult } from "./build-run.ts";

/** Applies one instruction to a stage. An error carries the lines of the instruction. */
export function takeStep(
  run: BuildRun,
  state: StageState,
  instruction: Instruction,
  step: StepContext,
): Promise<StepResult> {
  return withLines(instruction.lines, async () => {
    // Instructions without files do not yield to the event loop, and thousands of them would block other requests.
    await setImmediate();
    return apply(run, state, instruction, step);
  });
}

async function apply(
  run: BuildRun,
  state: StageState,
  instruction: Instruction,
  step: StepContext,
): Promise<StepResult> {
  switch (instruction.kind) {
    case "run":
      return runProgram(run, state, instruction, step);
    case "copy":
    case "add":
      return copyFiles(run, state, instruction, step);
    case "workdir":
      return changeDirectory(run, state, instruction);
    case "from":
      throw new TboxError("internal", "FROM inside a stage");
    default:
      return recordSetting(run, state, {
        stage: applySetting(state, instruction, run.settings),
        source: instruction.source,
      });
  }
}

/** Adds an instruction that changes no files to the cache, for cache hits and for `--cache-from` of other builds. */
function recordSetting(
  { services: { cache }, reusable }: BuildRun,
  before: StageState,
  { stage, source }: { stage: StageState; source: string },
): StepResult {
  const key = cacheKey([
    "setting",
    before.diffIds,
    before.settings,
    before.environment,
    source,
    stage.settings,
  ]);
  const known = cache.find(key);
  const cached = (known ?? reusable.find(key)) !== undefined && reusable.allows(stage);
  if (known) cache.use(known);
  else cache.add({ key, description: oneLine(source), created: Date.now() });
  return { stage: withStep(stage, key, null), cached, key };
}

/** Runs work for a range of lines in the Dockerfile; adds the range to an error without one. */
export async function withLines<T>(lines: LineRange, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DockerfileError || !(error instanceof TboxError)) throw error;
    throw new DockerfileError(errorChain(error), lines, { code: error.code, cause: undefined });
  }
}

export function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " ");
}
