import { commands } from "./registry/commands.ts";
import { invoke } from "./registry/invoke.ts";

/** Runs a command line and gives the exit code. */
export async function runCli(argv: string[]): Promise<number> {
  const [first = "", ...rest] = argv;
  const entry = Object.hasOwn(commands, first) ? commands[first] : undefined;
  if (entry) return invoke(await entry.load(), first, rest);
  const { runOther } = await import("./registry/dispatch.ts");
  return runOther(argv);
}
