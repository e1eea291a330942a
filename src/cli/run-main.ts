import { connectEarly } from "#client/daemon/connect.ts";
import { runCommand } from "./commands/container/run.ts";
import { invoke } from "./registry/invoke.ts";

/** Runs `tbox run` with its arguments. A separate bundle, because every loaded module delays the start. */
export function runMain(argv: string[]): Promise<number> {
  connectEarly();
  return invoke(runCommand, "run", argv);
}
