import { version } from "#support/version.ts";
import type { FlagTable } from "../flags/flag.ts";
import { globalFlags } from "../global-flags/table.ts";
import { flagTexts } from "../help/flag-text.ts";
import type { Command } from "../registry/command.ts";
import { groups } from "../registry/groups.ts";
import { pageName } from "./page-name.ts";

/** Returns a command's manual page in man(7) format. */
export function manPage(command: Command): string {
  const title = `tbox-${pageName(command.name)}`;
  const lines = [
    ...heading(title),
    `${escapeRoff(title)} \\- ${escapeRoff(command.summary)}`,
    ".SH SYNOPSIS",
    ...`tbox ${command.name} ${command.synopsis}`.trimEnd().split("\n").flatMap(synopsisLine),
    ".SH DESCRIPTION",
    `${line(command.summary)}.`,
  ];
  if (command.description !== undefined) lines.push(".PP", line(command.description));
  if (command.aliases !== undefined) {
    lines.push(".SH ALIASES", line(command.aliases.map((alias) => `tbox ${alias}`).join(", ")));
  }
  if (flagTexts(command.flags).length > 0) lines.push(".SH OPTIONS");
  lines.push(...flagLines(command.flags));
  if (command.examples !== undefined) lines.push(".SH EXAMPLES");
  for (const { line: example, purpose } of command.examples ?? []) {
    lines.push(".PP", `${line(purpose)}:`, ".PP", ".RS", ".nf", line(example), ".fi", ".RE");
  }
  return `${[...lines, ".SH SEE ALSO", ".BR tbox (1)"].join("\n")}\n`;
}

/** Returns the manual page of `tbox` itself, which lists all commands. */
export function manOverview(commands: readonly Command[]): string {
  const lines = [
    ...heading("tbox"),
    "tbox \\- a container engine without root",
    ".SH SYNOPSIS",
    ".B tbox",
    "[OPTIONS] COMMAND",
    ".SH OPTIONS",
    ...flagLines(globalFlags),
    ".SH COMMANDS",
  ];
  for (const { name, summary } of commands) {
    lines.push(".TP", `.BR ${escapeRoff(`tbox-${pageName(name)}`)} (1)`, line(summary));
  }
  lines.push(".SH GROUPS");
  for (const [group, summary] of Object.entries(groups)) lines.push(".TP", `.B tbox ${group}`, line(summary));
  return `${lines.join("\n")}\n`;
}

function flagLines(flags: FlagTable): string[] {
  return flagTexts(flags).flatMap(({ short, long, usage }) => {
    const [name = "", value] = long.split(" ");
    const letter = short === undefined ? "" : `\\fB\\-${escapeRoff(short)}\\fR, `;
    const operand = value === undefined ? "" : ` \\fI${escapeRoff(value)}\\fR`;
    return [".TP", `${letter}\\fB${escapeRoff(name)}\\fR${operand}`, line(usage)];
  });
}

function heading(title: string): string[] {
  return [
    `.\\" Generated from the command's definition by npm run docs. Do not edit.`,
    `.TH ${escapeRoff(title.toUpperCase())} 1 "" "tbox ${version}" "tbox manual"`,
    ".SH NAME",
  ];
}

function synopsisLine(text: string, index: number): string[] {
  return [...(index === 0 ? [] : [".br"]), `\\fB${line(text.trim()).replace(/ (?=\[|[A-Z])/, "\\fR ")}\\fR`];
}

/** Escapes a line of text. A leading dot or quote would be a request. */
function line(text: string): string {
  return escapeRoff(text).replace(/^['.]/, "\\&$&");
}

function escapeRoff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga");
}
