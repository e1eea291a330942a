import { globalFlags } from "../global-flags/table.ts";
import { knownPlugins } from "../plugins/known-plugins.ts";
import { groupCommands, topLevelCommands } from "../registry/find-command.ts";
import { groups, isGroup } from "../registry/groups.ts";
import { describeFlags } from "./command-help.ts";

/** Returns the help of `tbox` itself. */
export function generalHelp(): string {
  const all = topLevelCommands().map(({ word, entry }) => ({ name: word, ...entry }));
  const common = all.filter(({ rank }) => rank !== undefined).sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const others = all.filter(({ rank, name }) => rank === undefined && !isGroup(name));
  const plugins = Object.entries(knownPlugins).map(([name, { summary }]) => ({ name: `${name}*`, summary }));
  const management = Object.entries(groups).map(([name, summary]) => ({ name, summary }));
  return `${[
    "Usage:  tbox [OPTIONS] COMMAND",
    "A container engine without root",
    `Common Commands:\n${alignSummaries(common)}`,
    `Management Commands:\n${alignSummaries([...management, ...plugins].sort(byName))}`,
    `Commands:\n${alignSummaries(others)}`,
    `Global Options:\n${describeFlags(globalFlags)}`,
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

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function alignSummaries(commands: { name: string; summary: string }[]): string {
  const column = Math.max(...commands.map(({ name }) => name.length)) + 3;
  return commands.map(({ name, summary }) => `  ${name.padEnd(column)}${summary}`).join("\n");
}
