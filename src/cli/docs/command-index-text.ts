import type { DefinedCommand } from "./find-commands.ts";

/** Returns the text of `src/cli/registry/command-index.ts`. */
export function commandIndexText(commands: readonly DefinedCommand[]): string {
  return [
    "// Generated from the commands' definitions by `npm run docs`. Do not edit.",
    'import type { IndexEntry } from "./index-entry.ts";',
    "",
    "/** All commands. The module of a command is loaded when the command is called: loading all delays the start. */",
    "export const commandIndex: readonly IndexEntry[] = [",
    ...commands.map(entryText),
    "];",
    "",
  ].join("\n");
}

function entryText({ command, module, exportName }: DefinedCommand): string {
  const names = [command.name, ...(command.aliases ?? [])].map((name) => JSON.stringify(name));
  return [
    "  {",
    `    names: [${names.join(", ")}],`,
    `    summary: ${JSON.stringify(command.summary)},`,
    ...(command.rank === undefined ? [] : [`    rank: ${command.rank},`]),
    ...(command.remote === undefined ? [] : ["    remote: true,"]),
    `    load: async () => (await import("../commands/${module}")).${exportName},`,
    "  },",
  ].join("\n");
}
