import { DockerfileError } from "../dockerfile/dockerfile-error.ts";
import type { LineRange } from "../dockerfile/statement.ts";

/** A RUN whose program exited with a status other than 0. */
export class StepError extends DockerfileError {
  readonly command: string;
  readonly exitCode: number;

  constructor(command: string, exitCode: number, lines: LineRange) {
    super(`The command '${command}' returned a non-zero code: ${exitCode}`, lines);
    this.name = "StepError";
    this.command = command;
    this.exitCode = exitCode;
  }
}
