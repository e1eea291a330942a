import type { Command } from "../registry/command.ts";

/** A command and the location of its definition. */
export interface DefinedCommand {
  command: Command;
  /** Path of the module below `src/cli/commands`. */
  module: string;
  exportName: string;
}

/** Loads every definition below `src/cli/commands`: all exports named `…Command`. Sorted by the command's name. */
export async function findCommands(): Promise<DefinedCommand[]> {
  const directory = `${import.meta.dir}/../commands`;
  const found: DefinedCommand[] = [];
  for (const module of new Bun.Glob("**/*.ts").scanSync(directory)) {
    if (module.endsWith(".test.ts")) continue;
    const exports: Record<string, unknown> = await import(`${directory}/${module}`);
    for (const [exportName, value] of Object.entries(exports)) {
      if (exportName.endsWith("Command") && isCommand(value)) {
        found.push({ command: value, module, exportName });
      }
    }
  }
  return found.sort((a, b) => (a.command.name < b.command.name ? -1 : 1));
}

function isCommand(value: unknown): value is Command {
  return typeof value === "object" && value !== null && "name" in value && "run" in value && "flags" in value;
}
