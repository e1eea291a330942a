import { invalidArgument } from "#support/errors.ts";
import { suggestion } from "#support/nearest.ts";
import type { NamedContext } from "../builder.ts";
import { atLines, DockerfileError } from "../dockerfile/dockerfile-error.ts";
import { expandWord } from "../dockerfile/expand.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import type { Stage, Stages } from "../dockerfile/read-stages.ts";
import { mountSource } from "../dockerfile/run-mount.ts";
import { contextName } from "./context-name.ts";

/** The base of a stage, or the source of copied files. */
export type Source =
  | { type: "stage"; index: number }
  | { type: "image"; name: string }
  /** The files of a named context. */
  | { type: "files"; name: string }
  | { type: "scratch" };

type Contexts = Map<string, NamedContext>;

export interface PlannedStage extends Stage {
  /** Name of the stage, or its number. */
  name: string;
  base: Source;
  platform?: string;
  /** Number of the stage's FROM among all steps, from 1. */
  number: number;
}

export interface PlannedStages {
  stages: PlannedStage[];
  /** The stage to build. */
  target: number;
  /** Number of steps. */
  total: number;
  /** Values of arguments that stages declare without a value. */
  globals: Record<string, string>;
  contexts: Contexts;
}

/** Expands the FROM lines and finds the target stage. */
export function planStages(
  read: Stages,
  options: {
    arguments: Record<string, string>;
    predefined: (stage: string) => Record<string, string>;
    target: string | undefined;
    contexts: Contexts;
    /** Numbers of steps that are reported before the first FROM and after the last instruction. */
    steps: { before: number; after: number };
  },
): PlannedStages {
  const last = read.stages.at(-1)?.from.name;
  const globals = planGlobals(read, options, options.predefined(options.target ?? last ?? "default"));
  const stages: PlannedStage[] = [];
  let number = 1 + options.steps.before;
  for (const stage of read.stages) {
    const planned = atLines(stage.from.lines, () =>
      planStage(stage, stages, { globals, mark: read.escapeMark, contexts: options.contexts }),
    );
    stages.push({ ...planned, number });
    number += 1 + stage.instructions.length;
  }
  return {
    stages,
    target: findTarget(stages, options.target),
    total: number - 1 + options.steps.after,
    globals,
    contexts: options.contexts,
  };
}

/** Returns the values of predefined arguments and of those before the first FROM. */
export function planGlobals(
  { globals, escapeMark }: Stages,
  { arguments: given }: { arguments: Record<string, string> },
  predefined: Record<string, string>,
): Record<string, string> {
  const values: Record<string, string> = { ...predefined };
  for (const name of Object.keys(predefined)) values[name] = given[name] ?? predefined[name] ?? "";
  for (const { arguments: declared, lines } of globals) {
    for (const { name, value } of declared) {
      const lookup = (wanted: string) => ownValue(values, wanted);
      const chosen =
        ownValue(given, name) ??
        (value === undefined
          ? undefined
          : atLines(lines, () => expandWord(value, lookup, { escape: escapeMark })));
      if (chosen !== undefined) values[name] = chosen;
    }
  }
  return values;
}

function planStage(
  stage: Stage,
  before: PlannedStage[],
  {
    globals,
    mark,
    contexts,
  }: { globals: Record<string, string>; mark: Stages["escapeMark"]; contexts: Contexts },
): Omit<PlannedStage, "number"> {
  const { from } = stage;
  const replaced = from.name === undefined ? undefined : namedSource(contexts, from.name);
  if (replaced) return { ...stage, instructions: [], name: from.name ?? "", base: replaced };
  const expand = (word: string) => expandWord(word, (name) => ownValue(globals, name), { escape: mark });
  const base = expand(from.base);
  if (base === "") throw invalidArgument(`base name (${from.base}) should not be blank`);
  const platform = from.platform === undefined ? undefined : expand(from.platform);
  if (platform === "") {
    throw invalidArgument(`empty platform value from expression ${from.platform}`);
  }
  return {
    ...stage,
    name: from.name ?? String(before.length),
    base: findBase(base, before, contexts),
    ...(platform === undefined ? {} : { platform }),
  };
}

/** Returns the earlier stage with this name if there is one, otherwise the image. */
function findBase(name: string, before: PlannedStage[], contexts: Contexts): Source {
  const index = before.findLastIndex(({ from }) => from.name === name.toLowerCase());
  if (index >= 0) return { type: "stage", index };
  return namedSource(contexts, name) ?? imageSource(name);
}

/** Returns the source for the name of a named context. */
function namedSource(contexts: Contexts, name: string): Source | undefined {
  const normalized = contextName(name);
  const context = contexts.get(normalized);
  if (context === undefined) return undefined;
  return context.type === "image" ? imageSource(context.name) : { type: "files", name: normalized };
}

function imageSource(name: string): Source {
  return name === "scratch" ? { type: "scratch" } : { type: "image", name };
}

function findTarget(stages: PlannedStage[], target: string | undefined): number {
  if (target === undefined || target === "") return stages.length - 1;
  const named = stages.findLastIndex(({ from }) => from.name === target.toLowerCase());
  if (named >= 0) return named;
  if (/^\d+$/.test(target) && Number(target) < stages.length) return Number(target);
  const names = stages.flatMap(({ from }) => from.name ?? []);
  throw invalidArgument(
    `target stage ${JSON.stringify(target)} could not be found${suggestion(target, names)}`,
  );
}

/** Resolves `--from`: an earlier stage by name or number, a named context, otherwise an image. */
export function findSource(
  from: string,
  { stages, contexts }: Pick<PlannedStages, "stages" | "contexts">,
  current: number,
): Source {
  const named = stages.findLastIndex((stage) => stage.from.name === from.toLowerCase());
  const numbered = /^\d+$/.test(from) ? Number(from) : -1;
  const given = named >= 0 ? undefined : namedSource(contexts, from);
  if (given) return given;
  if (from === "scratch") return { type: "scratch" };
  const index = named >= 0 ? named : numbered;
  if (index < 0) return { type: "image", name: from };
  if (index >= stages.length) throw invalidArgument(`invalid stage index ${from}`);
  if (index < current) return { type: "stage", index };
  const stage = JSON.stringify(stages[current]?.name ?? "");
  const rule = `it needs to be defined before current stage ${stage}`;
  throw invalidArgument(`cannot copy from stage ${JSON.stringify(from)}, ${rule}`);
}

/** Returns the stages and images that an instruction reads files from. */
export function sourcesOf(instruction: Instruction): string[] {
  if (instruction.kind === "copy" && instruction.from !== undefined) {
    if (/\$./.test(instruction.from)) {
      const rule = "define a new stage with FROM using ARG from global scope as a workaround";
      const message = `variable expansion is not supported for --from, ${rule}`;
      throw new DockerfileError(message, instruction.lines);
    }
    return [instruction.from];
  }
  if (instruction.kind !== "run") return [];
  return instruction.mounts.flatMap((text) => mountSource(text) ?? []);
}

export function ownValue(values: Record<string, string>, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
