import type { Stage, Stages } from "../dockerfile/read-stages.ts";
import { type Finding, finding } from "./finding.ts";
import { lintCasing } from "./lint-casing.ts";
import { type GlobalValues, lintFrom } from "./lint-from.ts";
import { lintDescription, lintInstruction } from "./lint-instruction.ts";

export interface FileFacts {
  /** Text of the Dockerfile. */
  text: string;
  globals: GlobalValues;
  /** Tests whether `.dockerignore` excludes a path. */
  ignored(path: string): boolean;
}

/** Lints a Dockerfile without knowledge of its base images. */
export function lintFile(read: Stages, facts: FileFacts): Finding[] {
  const instructions = [
    ...read.globals,
    ...read.stages.flatMap((stage) => [stage.from, ...stage.instructions]),
  ];
  return [
    ...read.warnings.map(({ message, line }) =>
      finding("NoEmptyContinuation", message, { start: line, end: line }),
    ),
    ...lintCasing(instructions),
    ...read.stages.flatMap((stage, index) => lintFrom(stage, read.stages.slice(0, index), facts.globals)),
    ...read.stages.flatMap((stage, index) => lintCommands(stage, read.stages.slice(0, index))),
    ...instructions.flatMap((one) => [
      ...lintInstruction(one, facts.ignored),
      ...lintDescription(one, facts.text),
    ]),
  ];
}

/** Reports repeated commands and commands in shell form. */
function lintCommands(stage: Stage, before: Stage[]): Finding[] {
  const { instructions } = stage;
  const found: Finding[] = [];
  const ownShell = setsShell(stage, before);
  for (const kind of ["cmd", "entrypoint", "healthcheck"] as const) {
    const same = instructions.filter((one) => one.kind === kind);
    for (const { lines } of same.slice(0, -1)) {
      const name = kind.toUpperCase();
      const text = `Multiple ${name} instructions should not be used in the same stage because only the last one will be used`;
      found.push(finding("MultipleInstructionsDisallowed", text, lines));
    }
  }
  for (const one of instructions) {
    if ((one.kind === "cmd" || one.kind === "entrypoint") && one.command.shell && !ownShell) {
      const why = "to prevent unintended behavior related to OS signals";
      const text = `JSON arguments recommended for ${one.kind.toUpperCase()} ${why}`;
      found.push(finding("JSONArgsRecommended", text, one.lines));
    }
  }
  return found;
}

/** Tests whether a stage, or a stage that it is based on, has an instruction SHELL. */
function setsShell({ from, instructions }: Stage, before: Stage[]): boolean {
  if (instructions.some(({ kind }) => kind === "shell")) return true;
  const at = before.findLastIndex((stage) => stage.from.name === from.base.toLowerCase());
  const base = before[at];
  return base !== undefined && setsShell(base, before.slice(0, at));
}
