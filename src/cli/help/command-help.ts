import type { Flag, FlagTable } from "../flags/flag.ts";
import type { Command } from "../registry/command.ts";

const width = 80;

/** Help of one command, made from its table of options. `name` is how it was called. */
export function commandHelp(name: string, command: Command): string {
  const parts = [`Usage:  tbox ${name} ${command.synopsis}`.trimEnd(), command.description];
  const options = describeFlags(command.flags);
  if (options !== "") parts.push(`Options:\n${options}`);
  return `${parts.join("\n\n")}\n`;
}

function describeFlags(flags: FlagTable): string {
  const shown = Object.entries(flags).filter(([, flag]) => !flag.hidden);
  const rows = shown
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => [spelling(name, flag), explanation(flag)] as const);
  const column = Math.max(0, ...rows.map(([left]) => left.length)) + 3;
  return rows
    .map(([left, right]) => left.padEnd(column) + wrap(right, width - column).join(`\n${" ".repeat(column)}`))
    .join("\n");
}

function spelling(name: string, flag: Flag<unknown>): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  return `  ${short}--${name}${flag.valueName === undefined ? "" : ` ${flag.valueName}`}`;
}

function explanation(flag: Flag<unknown>): string {
  const shown = flag.shownDefault ?? (flag.initial === true ? "true" : undefined);
  return shown === undefined ? flag.usage : `${flag.usage} (default ${shown})`;
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
