import { invalidArgument } from "#support/errors.ts";
import { atLines, DockerfileError } from "./dockerfile-error.ts";
import type { Argument, From, Instruction, Located } from "./instruction.ts";
import { parseDockerfile } from "./parse.ts";
import { readInstruction } from "./read-instruction.ts";
import type { Dockerfile } from "./statement.ts";

/** A FROM and the instructions up to the next one. */
export interface Stage {
  from: From & Located;
  instructions: Instruction[];
}

/** A Dockerfile with checked instructions. */
export interface Stages {
  /** ARG instructions before the first FROM. */
  globals: (Argument & Located)[];
  stages: Stage[];
  escapeMark: Dockerfile["escapeMark"];
  warnings: Dockerfile["warnings"];
  check?: string;
}

/** Maximum number of instructions. The time of a build grows with the square of their number. */
const mostInstructions = 10_000;

export function readStages(text: string): Stages {
  const { statements, ...file } = parseDockerfile(text);
  if (statements.length > mostInstructions) {
    throw invalidArgument(
      `dockerfile has ${statements.length} instructions: at most ${mostInstructions} are allowed`,
    );
  }
  const globals: Stages["globals"] = [];
  const stages: Stage[] = [];
  for (const statement of statements) {
    const instruction = readInstruction(statement);
    const stage = stages.at(-1);
    if (instruction.kind === "from") stages.push({ from: instruction, instructions: [] });
    else if (stage) stage.instructions.push(instruction);
    else if (instruction.kind === "arg") globals.push(instruction);
    else throw new DockerfileError("no build stage in current context", instruction.lines);
  }
  if (stages.length === 0) {
    throw invalidArgument("dockerfile contains no stages to build");
  }
  return { ...file, globals, stages };
}

/** Reads an ONBUILD trigger of a base image. Errors have the lines of the FROM. */
export function readTrigger(text: string, { lines }: Located): Instruction {
  return atLines(lines, () => {
    const { statements } = parseDockerfile(text);
    const [statement] = statements;
    if (statement === undefined || statements.length > 1) {
      throw invalidArgument("onbuild trigger should be a single expression");
    }
    return readInstruction({ ...statement, lines });
  });
}
