import { connectAhead } from "#client/daemon.ts";
import { runCommand } from "./commands/run.ts";
import { invoke } from "./invoke.ts";

/** `tbox run` with its arguments: in a program of few parts, each of which takes time to load. */
export function runMain(argv: string[]): Promise<number> {
  connectAhead();
  return invoke(runCommand, "run", argv);
}
