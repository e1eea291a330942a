import type { FlagTable } from "../flags/flag.ts";
import { globalFlags } from "../global-flags/table.ts";
import { flagTexts } from "../help/flag-text.ts";
import type { Command } from "../registry/command.ts";
import { groups } from "../registry/groups.ts";
import { pageName } from "./page-name.ts";

/** Notice in every generated page. */
const notice = "<!-- Generated from the command's definition by `npm run docs`. Do not edit. -->";

/** Returns the page of a command in Markdown. */
export function markdownPage(command: Command): string {
  const parts = [`# tbox ${command.name}`, notice, `${command.summary}.`];
  if (command.description !== undefined) parts.push(escapeText(command.description));
  parts.push(`\`\`\`\n${usageLines(command)}\n\`\`\``);
  if (command.aliases !== undefined) {
    parts.push(`Aliases: ${command.aliases.map((alias) => `\`tbox ${alias}\``).join(", ")}`);
  }
  if (flagTexts(command.flags).length > 0) parts.push(`## Options\n\n${flagTable(command.flags)}`);
  if (command.examples !== undefined) {
    const examples = command.examples.map(
      ({ line, purpose }) => `${purpose}:\n\n\`\`\`console\n$ ${line}\n\`\`\``,
    );
    parts.push(`## Examples\n\n${examples.join("\n\n")}`);
  }
  return `${parts.join("\n\n")}\n`;
}

/** Returns the page that lists all commands by group. */
export function markdownOverview(commands: readonly Command[]): string {
  const single = commands.filter(({ name }) => !name.includes(" "));
  const sections = Object.entries(groups).flatMap(([group, summary]) => {
    const rows = commands.flatMap((command) => {
      const name = [command.name, ...(command.aliases ?? [])].find((one) => one.startsWith(`${group} `));
      return name === undefined ? [] : [row(name, command)];
    });
    return [`## tbox ${group}`, `${summary}.`, table(rows)];
  });
  return `${[
    "# Command line reference",
    notice.replace("the command's definition", "the commands' definitions"),
    "`npm run docs` also writes manual pages: `man -M dist/man tbox-run`. `tbox COMMAND --help` prints the same.",
    "## Global options",
    `Options before the command: \`tbox -H ssh://me@build ps\`.\n\n${flagTable(globalFlags)}`,
    "## Commands",
    table(single.map((command) => row(command.name, command))),
    ...sections,
  ].join("\n\n")}\n`;
}

function flagTable(flags: FlagTable): string {
  const rows = flagTexts(flags).map(({ short, long, usage }) => {
    const spelling = short === undefined ? `\`${long}\`` : `\`-${short}\`, \`${long}\``;
    return `| ${spelling} | ${escapeText(usage)} |`;
  });
  return `| option | description |\n| --- | --- |\n${rows.join("\n")}`;
}

function row(name: string, command: Command): string {
  return `| [tbox ${name}](${pageName(command.name)}.md) | ${escapeText(command.summary)} |`;
}

function table(rows: string[]): string {
  return `| command | description |\n| --- | --- |\n${rows.join("\n")}`;
}

/** Returns one usage line for each form of the command. */
function usageLines(command: Command): string {
  return `tbox ${command.name} ${command.synopsis}`.trimEnd().replace(/\n\s+/g, "\n");
}

function escapeText(text: string): string {
  return text.replace(/[|<>*_]/g, "\\$&");
}
