import type { BaseImage } from "#images/authoring/image-authoring.ts";
import { hostPlatform, type Platform, parsePlatform, withUsualVariant } from "#oci/platform.ts";
import { TboxError } from "#support/errors.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { readTrigger } from "../dockerfile/read-stages.ts";
import { lintPlatform, lintStage } from "../lint/lint-stage.ts";
import { findSource, type PlannedStage, type Source, sourcesOf } from "../plan/plan-stages.ts";
import { emptyStage, type StageState, stageOfImage, stageOfStage } from "../plan/stage-state.ts";
import type { BuildRun, StepResult } from "./build-run.ts";
import { oneLine, takeStep, withLines } from "./take-step.ts";

/** Functions that return the stages and images that a stage depends on; the build shares the results. */
export interface Dependencies {
  stage(index: number): Promise<StageState>;
  image(name: string, platform: Platform | undefined): Promise<BaseImage>;
  /** Returns a stage with the files of a named context. */
  files(name: string): Promise<StageState>;
}

/** Builds one stage: resolves the base, runs the base's ONBUILD triggers, then runs the instructions of the stage. */
export async function solveStage(
  run: BuildRun,
  dependencies: Dependencies,
  index: number,
): Promise<StageState> {
  const { planned } = run;
  const plan = planned.stages[index];
  if (!plan) throw new TboxError("internal", `no stage ${index}`);
  const title = { total: planned.total, ...stageName(plan, planned.stages.length) };
  const { base, triggers } = await solveBase(run, dependencies, { plan, index, title });
  const opened: StageState = { ...base, triggers: [], fresh: skipsCache(run, plan) };
  let state = await runTriggers(run, opened, triggers, { index, number: plan.number });
  const places = placesOf(plan);
  for (const [position, instruction] of plan.instructions.entries()) {
    const number = plan.number + 1 + position;
    const { lines, source } = instruction;
    const place = places(instruction);
    const begun = performance.now();
    run.signal.throwIfAborted();
    const step = { ...title, number, text: oneLine(source), lines, ...(place ? { place } : {}) };
    run.emit({ type: "started", step });
    const result = await takeStep(run, state, instruction, { index, number });
    run.emit(finished(number, begun, result));
    state = result.stage;
  }
  return state;
}

/** Runs the base's ONBUILD triggers. Docker's classic builder shows them as a part of FROM. */
async function runTriggers(
  run: BuildRun,
  base: StageState,
  triggers: Instruction[],
  place: { index: number; number: number },
): Promise<StageState> {
  const { number } = place;
  const begun = performance.now();
  let [state, last]: [StageState, StepResult | undefined] = [base, undefined];
  if (showsTriggers(run, triggers)) {
    const text = `# Executing ${triggers.length} build trigger${triggers.length > 1 ? "s" : ""}\n`;
    run.emit({ type: "output", number, stream: "stdout", text });
  }
  for (const trigger of triggers) {
    last = await takeStep(run, state, trigger, place);
    state = last.stage;
  }
  if (last && showsTriggers(run, triggers)) run.emit(finished(number, begun, last));
  return state;
}

function showsTriggers({ request }: BuildRun, triggers: Instruction[]): boolean {
  return request.progress === "classic" && triggers.length > 0;
}

interface BaseStep {
  plan: PlannedStage;
  index: number;
  title: { total: number; stage?: string };
}

/** Carries out FROM: resolves the base, lints the stage, and reads the base's ONBUILD triggers. */
async function solveBase(
  run: BuildRun,
  dependencies: Dependencies,
  { plan, index, title }: BaseStep,
): Promise<{ base: StageState; triggers: Instruction[] }> {
  const begun = performance.now();
  const { number, from, base: source, instructions } = plan;
  const place = { number: 1, total: 1 + instructions.filter(changesFiles).length };
  const counted = hasOwnBase(plan) ? { place } : {};
  const step = { ...title, number, text: oneLine(from.source), lines: from.lines, ...counted };
  const announce = () => run.emit({ type: "started", step });
  // A stage that is based on another stage is announced after that stage has finished.
  if (source.type !== "stage") announce();
  prefetch(run, dependencies, { instructions, index });
  const base = await withLines(from.lines, () => openBase(run, dependencies, plan));
  if (source.type === "stage") announce();
  lintBase(run, plan, base);
  const triggers = base.triggers.map((text) => readTrigger(text, from));
  prefetch(run, dependencies, { instructions: triggers, index });
  const key = base.steps.at(-1)?.key ?? base.base.image?.slice("sha256:".length) ?? "";
  if (!showsTriggers(run, triggers)) run.emit(finished(number, begun, { cached: true, key }));
  return { base, triggers };
}

async function openBase(
  run: BuildRun,
  { stage, image, files }: Dependencies,
  plan: PlannedStage,
): Promise<StageState> {
  const { base } = plan;
  const platform = plan.platform === undefined ? undefined : withUsualVariant(parsePlatform(plan.platform));
  const wanted = platform ?? run.request.platform;
  if (base.type === "scratch") return emptyStage(wanted ?? hostPlatform());
  if (base.type === "stage") return stageOfStage(await stage(base.index));
  if (base.type === "files") return stageOfStage(await files(base.name));
  const found = await image(base.name, wanted);
  const { os, architecture, variant } = found.config;
  return stageOfImage(found, { os, architecture, ...(variant === undefined ? {} : { variant }) });
}

function lintBase({ request, lint }: BuildRun, plan: PlannedStage, base: StageState): void {
  const variables = new Set(Object.keys(base.environment));
  const { findings } = lintStage(plan, { variables, hasDirectory: Boolean(base.settings.WorkingDir) });
  const wanted = request.platform ?? hostPlatform();
  const ofImage = plan.base.type === "image" && plan.platform === undefined;
  lint.report(ofImage ? [...lintPlatform(plan, base.platform, wanted), ...findings] : findings);
}

/** Starts building the stages and pulling the images that instructions copy from, concurrently with this stage. */
function prefetch(
  { planned }: BuildRun,
  { stage, image, files }: Dependencies,
  { instructions, index }: { instructions: Instruction[]; index: number },
): void {
  for (const from of instructions.flatMap(sourcesOf)) {
    let source: Source;
    try {
      source = findSource(from, planned, index);
    } catch {
      // The step itself reports the error, with its lines.
      continue;
    }
    if (source.type === "stage") stage(source.index);
    else if (source.type === "files") files(source.name);
    else if (source.type === "image") image(source.name, undefined).catch(() => {});
  }
}

/** Tests whether the request excludes a stage from the cache (`--no-cache-filter`). */
function skipsCache({ request }: BuildRun, { from, name }: PlannedStage): boolean {
  return request.noCacheStages.some((one) => one.toLowerCase() === (from.name ?? name));
}

/** Returns a function that numbers the instructions that change files, after FROM if the stage has a base of its own. */
function placesOf(plan: PlannedStage) {
  const changing = plan.instructions.filter(changesFiles);
  const first = hasOwnBase(plan) ? 2 : 1;
  return (instruction: Instruction) => {
    const at = changing.indexOf(instruction);
    return at < 0 ? undefined : { number: at + first, total: changing.length + first - 1 };
  };
}

/** Tests for a base that is neither empty nor another stage. */
function hasOwnBase({ base }: PlannedStage): boolean {
  return base.type !== "scratch" && base.type !== "stage";
}

function changesFiles({ kind }: Instruction): boolean {
  return kind === "run" || kind === "copy" || kind === "add" || kind === "workdir";
}

function finished(number: number, begun: number, { cached, key }: Pick<StepResult, "cached" | "key">) {
  const milliseconds = Math.round(performance.now() - begun);
  return { type: "finished" as const, number, cached, milliseconds, id: key.slice(0, 12) };
}

function stageName({ from, name }: PlannedStage, count: number): { stage?: string } {
  if (count === 1) return {};
  return { stage: from.name ?? `stage-${name}` };
}
