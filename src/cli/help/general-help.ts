import { groupCommands, topLevelCommands } from "../registry/find-command.ts";
import { groups } from "../registry/groups.ts";

/** Returns the help of `tbox` itself. */
export function generalHelp(): string {
  const all = topLevelCommands().map(({ word, entry }) => ({ name: word, ...entry }));
  const common = all.filter(({ rank }) => rank !== undefined).sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const others = all.filter(({ rank }) => rank === undefined);
  const management = Object.entries(groups).map(([name, summary]) => ({ name, summary }));
  return `${[
    "Usage:  tbox COMMAND",
    "A container engine without root",
    `Common Commands:\n${alignSummaries(common)}`,
    `Management Commands:\n${alignSummaries(management)}`,
    `Commands:\n${alignSummaries(others)}`,
    "Options:\n      --help      Print usage\n  -v, --version   Print version information and quit",
    "Run 'tbox COMMAND --help' for more information on a command.",
  ].join("\n\n")}\n`;
}

/** Returns the help of a group of commands. */
export function groupHelp(group: string): string {
  const commands = groupCommands(group).map(({ word, entry }) => ({ name: word, summary: entry.summary }));
  return `${[
    `Usage:  tbox ${group} COMMAND`,
    groups[group],
    `Commands:\n${alignSummaries(commands)}`,
    `Run 'tbox ${group} COMMAND --help' for more information on a command.`,
  ].join("\n\n")}\n`;
}

function alignSummaries(commands: { name: string; summary: string }[]): string {
  const column = Math.max(...commands.map(({ name }) => name.length)) + 3;
  return commands.map(({ name, summary }) => `  ${name.padEnd(column)}${summary}`).join("\n");
}
