import type { BaseImage } from "#images/authoring/image-authoring.ts";
import type { DiffId } from "#oci/digest.ts";
import { hostPlatform, type Platform, parsePlatform } from "#oci/platform.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import { cacheKey } from "../cache/build-cache.ts";
import { DockerfileError } from "../dockerfile/dockerfile-error.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { readTrigger } from "../dockerfile/read-stages.ts";
import type { LineRange } from "../dockerfile/statement.ts";
import { lintPlatform, lintStage } from "../lint/lint-stage.ts";
import { applySetting } from "../plan/apply-setting.ts";
import { findSource, type PlannedStage, type Source, sourcesOf } from "../plan/plan-stages.ts";
import { emptyStage, type StageState, stageOfImage, stageOfStage, withStep } from "../plan/stage-state.ts";
import { copyFiles } from "../steps/copy.ts";
import { runProgram } from "../steps/run.ts";
import { changeDirectory } from "../steps/workdir.ts";
import { fetchImage } from "./base-image.ts";
import type { BuildRun, StepResult } from "./build-run.ts";

export interface Solver {
  /** Builds a stage and what it needs, nothing else; stages that do not need each other at the same time. */
  stage(index: number): Promise<StageState>;
  filesOf(source: Source, lines: LineRange): Promise<DiffId[]>;
  /** Resolves once no stage is being built any more. */
  ended(): Promise<void>;
}

export function openSolver(run: () => BuildRun): Solver {
  const stages = new Map<number, Promise<StageState>>();
  const images = new Map<string, Promise<BaseImage>>();

  function stage(index: number): Promise<StageState> {
    const running = stages.get(index) ?? solveStage(index);
    running.catch(() => {});
    stages.set(index, running);
    return running;
  }

  async function solveStage(index: number): Promise<StageState> {
    const { planned } = run();
    const plan = planned.stages[index];
    if (!plan) throw new TboxError("internal", `no stage ${index}`);
    const step = { number: plan.number, total: planned.total, ...nameOf(plan, planned.stages.length) };
    const begun = performance.now();
    const announce = () =>
      run().emit({ type: "started", step: { ...step, text: oneLine(plan.from.source) } });
    // A stage that another one comes before is told of after that one.
    if (plan.base.type !== "stage") announce();
    // What is copied from later is built meanwhile.
    prefetch(plan.instructions, index);
    const base = await guarded(plan.from.lines, () => begin(plan));
    if (plan.base.type === "stage") announce();
    lintBase(plan, base);
    const triggers = base.triggers.map((text) => readTrigger(text, plan.from));
    prefetch(triggers, index);
    const id = base.diffIds.at(-1)?.slice("sha256:".length) ?? cacheKey(["scratch"]);
    run().emit(finished(plan.number, begun, { cached: true, key: id }));
    let state: StageState = { ...base, triggers: [], fresh: isFresh(plan) };
    for (const trigger of triggers) {
      state = (await take(state, trigger, { index, number: plan.number })).stage;
    }
    for (const [position, instruction] of plan.instructions.entries()) {
      const number = plan.number + 1 + position;
      const before = performance.now();
      run().signal.throwIfAborted();
      run().emit({ type: "started", step: { ...step, number, text: oneLine(instruction.source) } });
      const result = await take(state, instruction, { index, number });
      run().emit(finished(number, before, result));
      state = result.stage;
    }
    return state;
  }

  function lintBase(plan: PlannedStage, base: StageState): void {
    const variables = new Set(Object.keys(base.environment));
    const { findings } = lintStage(plan, { variables, hasDirectory: Boolean(base.settings.WorkingDir) });
    const wanted = run().request.platform ?? hostPlatform();
    const ofImage = plan.base.type === "image" && plan.platform === undefined;
    run().lint.report(ofImage ? [...lintPlatform(plan, base.platform, wanted), ...findings] : findings);
  }

  /** Whether the request wants nothing known for a stage. */
  function isFresh({ from, name }: PlannedStage): boolean {
    return run().request.noCacheStages.some((one) => one.toLowerCase() === (from.name ?? name));
  }

  /** One instruction; what fails in it is told with its lines. */
  function take(
    state: StageState,
    instruction: Instruction,
    place: { index: number; number: number },
  ): Promise<StepResult> {
    return guarded(instruction.lines, () => effect(state, instruction, place));
  }

  async function effect(
    state: StageState,
    instruction: Instruction,
    place: { index: number; number: number },
  ): Promise<StepResult> {
    switch (instruction.kind) {
      case "run":
        return runProgram(run(), state, instruction, place);
      case "copy":
      case "add":
        return copyFiles(run(), state, instruction, place);
      case "workdir":
        return changeDirectory(run(), state, instruction);
      case "from":
        throw new TboxError("internal", "FROM inside a stage");
      default:
        return setting(state, applySetting(state, instruction, run().settings), instruction.source);
    }
  }

  /** A setting costs nothing; that it was seen before is noted for whoever counts on it. */
  function setting(before: StageState, stage: StageState, source: string): StepResult {
    const { cache } = run().workshop;
    const key = cacheKey([
      "setting",
      before.diffIds,
      before.settings,
      before.environment,
      source,
      stage.settings,
    ]);
    const known = cache.find(key);
    const { reuse } = run();
    const cached = (known ?? reuse.find(key)) !== undefined && reuse.may(stage);
    if (known) cache.use(known);
    else cache.add({ key, description: oneLine(source), created: Date.now() });
    return { stage: withStep(stage, key, null), cached, key };
  }

  function prefetch(instructions: Instruction[], index: number): void {
    for (const instruction of instructions) {
      for (const from of sourcesOf(instruction)) {
        let source: Source;
        try {
          source = findSource(from, run().planned.stages, index);
        } catch {
          // It is told where the instruction is taken.
          continue;
        }
        if (source.type === "stage") stage(source.index);
        else if (source.type === "image") image(source.name, undefined).catch(() => {});
      }
    }
  }

  async function begin(plan: PlannedStage): Promise<StageState> {
    const { base } = plan;
    const platform = plan.platform === undefined ? undefined : parsePlatform(plan.platform);
    const wanted = platform ?? run().request.platform ?? hostPlatform();
    if (base.type === "scratch") return emptyStage(wanted);
    if (base.type === "stage") return stageOfStage(await stage(base.index));
    const found = await image(base.name, platform ?? run().request.platform);
    const { os, architecture, variant } = found.config;
    return stageOfImage(found, { os, architecture, ...(variant === undefined ? {} : { variant }) });
  }

  function image(name: string, platform: Platform | undefined): Promise<BaseImage> {
    const key = `${name} ${JSON.stringify(platform)}`;
    const running = images.get(key) ?? fetchImage(run(), name, platform);
    images.set(key, running);
    return running;
  }

  return {
    stage,
    async ended() {
      await Promise.allSettled([...stages.values(), ...images.values()]);
    },
    async filesOf(source) {
      if (source.type === "scratch") return [];
      if (source.type === "stage") return (await stage(source.index)).diffIds;
      return (await image(source.name, run().request.platform)).diffIds;
    },
  };
}

function finished(number: number, begun: number, { cached, key }: Pick<StepResult, "cached" | "key">) {
  const milliseconds = Math.round(performance.now() - begun);
  return { type: "finished" as const, number, cached, milliseconds, id: key.slice(0, 12) };
}

/** What fails in an instruction is told with its lines. */
async function guarded<T>(lines: LineRange, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DockerfileError || !(error instanceof TboxError)) throw error;
    throw new DockerfileError(errorChain(error), lines, { code: error.code, cause: undefined });
  }
}

function nameOf({ from, name }: PlannedStage, count: number): { stage?: string } {
  if (count === 1) return {};
  return { stage: from.name ?? `stage-${name}` };
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " ");
}
