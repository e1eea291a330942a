import type { FlagTable } from "../flags/flag.ts";
import type { Command, Example } from "../registry/command.ts";
import { flagTexts } from "./flag-text.ts";

const width = 80;

/** Returns the help of a command. `name` is the words that called the command. */
export function commandHelp(name: string, command: Command): string {
  const parts = [`Usage:  tbox ${name} ${command.synopsis}`.trimEnd(), command.summary];
  if (command.description !== undefined) parts.push(wrap(command.description, width).join("\n"));
  if (command.aliases !== undefined) {
    const names = [command.name, ...command.aliases].map((alias) => `tbox ${alias}`);
    parts.push(`Aliases:\n  ${names.join(", ")}`);
  }
  const options = describeFlags(command.flags);
  if (options !== "") parts.push(`Options:\n${options}`);
  if (command.examples !== undefined) parts.push(`Examples:\n${describeExamples(command.examples)}`);
  return `${parts.join("\n\n")}\n`;
}

/** Returns the lines of a table of flags. */
export function describeFlags(flags: FlagTable): string {
  const rows = flagTexts(flags).map(({ short, long, usage }) => ({
    left: `  ${short === undefined ? "    " : `-${short}, `}${long}`,
    usage,
  }));
  const column = Math.max(0, ...rows.map(({ left }) => left.length)) + 3;
  const indent = `\n${" ".repeat(column)}`;
  return rows
    .map(({ left, usage }) => left.padEnd(column) + wrap(usage, width - column).join(indent))
    .join("\n");
}

function describeExamples(examples: readonly Example[]): string {
  return examples.map(({ line, purpose }) => `  ${purpose}:\n    $ ${line}`).join("\n\n");
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > columns) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
