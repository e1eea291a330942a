import { type CommandEntry, commands } from "../registry/commands.ts";
import { groups } from "../registry/groups.ts";

/** Help of `tbox` itself. */
export function generalHelp(): string {
  const entries = Object.entries(commands);
  const common = entries.filter(([, entry]) => entry.common);
  const others = entries.filter(([, entry]) => !entry.common && !entry.hidden);
  return `${[
    "Usage:  tbox COMMAND",
    "A container engine without root",
    `Common Commands:\n${describe(common)}`,
    `Management Commands:\n${describe(Object.entries(groups))}`,
    `Commands:\n${describe(others)}`,
    "Options:\n      --help      Print usage\n  -v, --version   Print version information and quit",
    "Run 'tbox COMMAND --help' for more information on a command.",
  ].join("\n\n")}\n`;
}

/** Help of a group of commands. */
export function groupHelp(name: string, summary: string, words: Record<string, CommandEntry>): string {
  return `${[
    `Usage:  tbox ${name} COMMAND`,
    summary,
    `Commands:\n${describe(Object.entries(words))}`,
    `Run 'tbox ${name} COMMAND --help' for more information on a command.`,
  ].join("\n\n")}\n`;
}

function describe(entries: [string, { summary: string }][]): string {
  const column = Math.max(...entries.map(([name]) => name.length)) + 3;
  return entries.map(([name, { summary }]) => `  ${name.padEnd(column)}${summary}`).join("\n");
}
