import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { ownProgram } from "#client/daemon/daemon-program.ts";

/** Returns a command line of tbox as a user would call it: with the launcher, if it stands beside this program. */
export function ownCommand(...words: string[]): string[] {
  const { command } = ownProgram();
  const [program = ""] = command;
  const launcher = `${dirname(program)}/tbox`;
  return command.length === 1 && existsSync(launcher) ? [launcher, ...words] : [...command, ...words];
}
