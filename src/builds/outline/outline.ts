import { hostPlatform } from "#oci/platform.ts";
import type { Argument, Instruction, Located, Run } from "../dockerfile/instruction.ts";
import { readStages } from "../dockerfile/read-stages.ts";
import { parseRunMount, type RunMount } from "../dockerfile/run-mount.ts";
import type { LineRange } from "../dockerfile/statement.ts";
import { neededStages } from "../plan/needed-stages.ts";
import { ownValue, type PlannedStage, planStages } from "../plan/plan-stages.ts";
import { platformArguments } from "../plan/platform-arguments.ts";

/** Inputs that the target of a Dockerfile takes from the command line. */
export interface Outline {
  /** Name of the target stage, and the comment that describes it. */
  name: string | undefined;
  description: string | undefined;
  arguments: OutlineArgument[];
  secrets: OutlineMount[];
  agents: OutlineMount[];
  caches: { id: string; lines: LineRange }[];
}

/** A build argument of the target or of a stage that it needs. */
export interface OutlineArgument {
  name: string;
  /** Value without a build argument of the caller, or with it. */
  value: string | undefined;
  description: string | undefined;
  lines: LineRange;
}

/** A secret or an agent that a RUN mounts. */
export interface OutlineMount {
  id: string;
  required: boolean;
  lines: LineRange;
}

/** Returns the outline of a target; the last stage without a target. */
export function outlineOf(
  text: string,
  { target, given }: { target: string | undefined; given: Record<string, string> },
): Outline {
  const read = readStages(text);
  const platform = hostPlatform();
  const plan = planStages(read, {
    arguments: given,
    predefined: (stage) => platformArguments(platform, platform, stage),
    target,
    contexts: new Map(),
    steps: { before: 0, after: 0 },
  });
  const needed = [...neededStages(plan, plan.target)].sort((a, b) => a - b);
  const stages = needed.flatMap((index) => plan.stages[index] ?? []);
  const describe = describerOf(text);
  const mounts = stages.flatMap(mountsOf);
  const of = (type: RunMount["type"]) => mounts.filter(({ mount }) => mount.type === type);
  const { from } = plan.stages[plan.target] ?? {};
  return {
    name: from?.name,
    description: from?.name === undefined ? undefined : describe(from.lines, from.name),
    arguments: argumentsOf([...read.globals, ...stages.flatMap(({ instructions }) => instructions)], {
      given,
      globals: plan.globals,
      describe,
    }),
    secrets: unique(
      of("secret").map(({ mount, lines }) => ({ id: secretId(mount), required: mount.required, lines })),
    ),
    agents: unique(
      of("ssh").map(({ mount, lines }) => ({ id: mount.id || "default", required: mount.required, lines })),
    ),
    caches: unique(of("cache").map(({ mount, lines }) => ({ id: mount.id || mount.target, lines }))),
  };
}

function secretId({ id, source, target }: RunMount): string {
  return id || source || target.slice(target.lastIndexOf("/") + 1);
}

function argumentsOf(
  instructions: (Instruction | (Argument & Located))[],
  {
    given,
    globals,
    describe,
  }: { given: Record<string, string>; globals: Record<string, string>; describe: Describe },
): OutlineArgument[] {
  const found = new Map<string, OutlineArgument>();
  for (const instruction of instructions) {
    if (instruction.kind !== "arg") continue;
    for (const { name, value } of instruction.arguments) {
      const known = found.get(name);
      found.set(name, {
        name,
        value: ownValue(given, name) ?? value ?? known?.value ?? ownValue(globals, name),
        description: describe(instruction.lines, name) ?? known?.description,
        lines: known?.lines ?? instruction.lines,
      });
    }
  }
  return [...found.values()];
}

function mountsOf({ instructions }: PlannedStage): { mount: RunMount; lines: LineRange }[] {
  const runs = instructions.filter((one): one is Run & Located => one.kind === "run");
  return runs.flatMap(({ mounts, lines }) =>
    mounts.map((text) => ({ mount: parseRunMount(text, (value) => value), lines })),
  );
}

type Describe = (lines: LineRange, name: string) => string | undefined;

/** Returns a function that returns the comment above an instruction if its first word is a name: `# NAME is …`. */
export function describerOf(text: string): Describe {
  const lines = text.split("\n");
  return ({ start }, name) => {
    const comments: string[] = [];
    for (let at = start - 2; /^\s*#/.test(lines[at] ?? ""); at--) {
      comments.unshift((lines[at] ?? "").replace(/^\s*#\s?/, "").trim());
    }
    const at = comments.findLastIndex((one) => one.split(/\s/, 1)[0]?.toLowerCase() === name.toLowerCase());
    if (at < 0) return undefined;
    const words = comments.slice(at).join(" ").slice(name.length).trim();
    return words === "" ? undefined : words;
  };
}

/** Returns the items with different IDs; a required one replaces an optional one. */
function unique<Item extends { id: string; required?: boolean }>(items: Item[]): Item[] {
  const found = new Map<string, Item>();
  for (const item of items) {
    const known = found.get(item.id);
    if (known === undefined || (item.required && !known.required)) found.set(item.id, item);
  }
  return [...found.values()];
}
