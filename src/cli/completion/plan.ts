import type { FlagTable } from "../flags/flag.ts";
import type { Command } from "../registry/command.ts";
import { type CommandEntry, commands } from "../registry/commands.ts";
import { groups } from "../registry/groups.ts";

export interface Candidate {
  text: string;
  description: string;
}

/** What can stand in a place of a command line: one of these words, the name of something, or a file. */
export type Completion =
  | { kind: "words"; words: Candidate[] }
  | { kind: "container" | "image" | "volume" | "network" | "file" | "nothing" };

const nothing: Completion = { kind: "nothing" };

/** What can stand after these words, the name of the program left out. `current` is what is typed of it. */
export async function planCompletion(before: string[], current: string): Promise<Completion> {
  const [first, second] = before;
  if (first === undefined || (first === "help" && second === undefined)) {
    return words([...Object.entries(commands), ...Object.entries(groups)]);
  }
  const group = Object.hasOwn(groups, first) ? groups[first] : undefined;
  if (group && second === undefined) return words(Object.entries(group.words));
  const table: Record<string, CommandEntry> = group ? group.words : commands;
  const name = group ? (second ?? "") : first;
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!entry) return nothing;
  return planArguments(await entry.load(), before.slice(group ? 2 : 1), current);
}

function words(entries: [string, { summary: string; hidden?: boolean }][]): Completion {
  const shown = entries.filter(([, { hidden }]) => !hidden);
  return { kind: "words", words: shown.map(([text, { summary }]) => ({ text, description: summary })) };
}

function planArguments(command: Command, before: string[], current: string): Completion {
  let positionals = 0;
  let options = true;
  let pending: string | undefined;
  for (const word of before) {
    if (pending !== undefined) pending = undefined;
    else if (options && word === "--") options = false;
    else if (options && word.startsWith("-") && word !== "-") pending = awaitsValue(command.flags, word);
    else {
      positionals++;
      if (command.placement === "leading") options = false;
    }
  }
  if (pending !== undefined) return valueCompletion(pending);
  if (options && current.startsWith("-")) return flagWords(command.flags);
  return positionalAt(command.synopsis, positionals);
}

/** The option whose value comes with the next word, if the last letter or name of a word is one. */
function awaitsValue(flags: FlagTable, word: string): string | undefined {
  if (word.includes("=")) return undefined;
  const long = word.startsWith("--") ? word.slice(2) : undefined;
  const letter = word.at(-1);
  const found = Object.entries(flags).find(([name, flag]) =>
    long !== undefined ? name === long || flag.also === long : flag.short === letter,
  );
  return found?.[1].valueName === undefined ? undefined : found[0];
}

const fileFlags = new Set([
  "cidfile",
  "env-file",
  "file",
  "iidfile",
  "input",
  "label-file",
  "output",
  "volume",
]);

function valueCompletion(flag: string): Completion {
  if (flag === "network") return { kind: "network" };
  if (flag === "volumes-from") return { kind: "container" };
  return fileFlags.has(flag) ? { kind: "file" } : nothing;
}

function flagWords(flags: FlagTable): Completion {
  const shown = Object.entries(flags).filter(([, flag]) => !flag.hidden);
  const list = shown.map(([name, { usage }]) => ({ text: `--${name}`, description: usage }));
  return { kind: "words", words: [...list, { text: "--help", description: "Print usage" }] };
}

const places: Record<string, "container" | "image" | "volume" | "network" | "file"> = {
  CONTAINER: "container",
  "NAME|ID": "container",
  IMAGE: "image",
  NAME: "image",
  REPOSITORY: "image",
  SOURCE_IMAGE: "image",
  TARGET_IMAGE: "image",
  VOLUME: "volume",
  NETWORK: "network",
  "file|-": "file",
  "file|URL|-": "file",
  PATH: "file",
};

/** The usage line tells what the arguments are: `[OPTIONS] CONTAINER [CONTAINER...]`. */
function positionalAt(synopsis: string, index: number): Completion {
  const all = synopsis.split(" ").filter((word) => word !== "" && word !== "[OPTIONS]");
  const last = all.at(-1);
  const word = all[index] ?? (last?.includes("...") ? last : undefined);
  const [name = ""] = (word ?? "").replace(/^\[/, "").split(/[[\]:.]/);
  const kind = Object.hasOwn(places, name) ? places[name] : undefined;
  return kind === undefined ? nothing : { kind };
}
