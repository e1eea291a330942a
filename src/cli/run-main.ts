import { connectAhead } from "#client/daemon/connect.ts";
import { runCommand } from "./commands/container/run.ts";
import { invoke } from "./registry/invoke.ts";

/** Runs `tbox run` with its arguments. The build bundles it apart: each module to load delays the start. */
export function runMain(argv: string[]): Promise<number> {
  connectAhead();
  return invoke(runCommand, "run", argv);
}
