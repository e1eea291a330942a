import type { Command } from "./registry/command.ts";
import { findCommand } from "./registry/find-command.ts";
import type { IndexEntry } from "./registry/index-entry.ts";
import { invoke } from "./registry/invoke.ts";

/** Commands whose modules are loaded: a daemon runs the same command many times, and an import takes several turns. */
const loaded = new Map<IndexEntry, Command>();

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
  if (found) {
    const command = loaded.get(found.entry) ?? (await load(found.entry));
    return invoke(command, found.words.join(" "), argv.slice(found.words.length));
  }
  const { runBuiltIn } = await import("./registry/built-ins.ts");
  return runBuiltIn(argv);
}

async function load(entry: IndexEntry): Promise<Command> {
  const command = await entry.load();
  loaded.set(entry, command);
  return command;
}
