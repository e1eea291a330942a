import { findCommand } from "./registry/find-command.ts";
import { invoke } from "./registry/invoke.ts";

/** Runs a command line; returns the exit status. */
export async function runCli(argv: string[]): Promise<number> {
  if (argv[0]?.startsWith("-")) {
    const { runWithGlobalFlags } = await import("./registry/built-ins.ts");
    return runWithGlobalFlags(argv, runCommand);
  }
  return runCommand(argv);
}

async function runCommand(argv: string[]): Promise<number> {
  const found = findCommand(argv);
  if (found) return invoke(await found.entry.load(), found.words.join(" "), argv.slice(found.words.length));
  const { runBuiltIn } = await import("./registry/built-ins.ts");
  return runBuiltIn(argv);
}
