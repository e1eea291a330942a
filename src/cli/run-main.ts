import { connectAhead } from "#client/daemon/connect.ts";
import { runCommand } from "./commands/container/run.ts";
import { invoke } from "./registry/invoke.ts";

/** `tbox run` with its arguments: in a program of few parts, each of which takes time to load. */
export function runMain(argv: string[]): Promise<number> {
  connectAhead();
  return invoke(runCommand, "run", argv);
}
