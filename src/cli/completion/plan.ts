import type { Flag, FlagTable } from "../flags/flag.ts";
import { globalFlags } from "../global-flags/table.ts";
import { knownPlugins } from "../plugins/known-plugins.ts";
import type { Command } from "../registry/command.ts";
import {
  findCommand,
  groupCommands,
  type ListedCommand,
  topLevelCommands,
} from "../registry/find-command.ts";
import { groups, isGroup } from "../registry/groups.ts";
import type { NameKind } from "./names.ts";

/** A word that completes the current one. */
export interface Candidate {
  text: string;
  description: string;
}

/** Candidates for a word of a command line: fixed words, names of objects, or files. */
export type Completion = { kind: "words"; words: Candidate[] } | { kind: NameKind | "file" | "nothing" };

const nothing: Completion = { kind: "nothing" };

/** Plans the completion of the word `current` after the words `before`. Neither includes the program's name. */
export async function planCompletion(before: string[], current: string): Promise<Completion> {
  const { rest, pending } = skipGlobalFlags(before);
  if (pending !== undefined) return { kind: globalFlagKind(pending) };
  const [first, second] = rest;
  if (first === undefined && current.startsWith("-")) return words(flagCandidates(globalFlags));
  if (first === undefined || (first === "help" && second === undefined)) {
    return words([...commandCandidates(topLevelCommands()), ...groupCandidates(), ...pluginCandidates()]);
  }
  if (isGroup(first) && second === undefined) return words(commandCandidates(groupCommands(first)));
  const found = findCommand(rest);
  if (found === undefined) return nothing;
  return planArguments(await found.entry.load(), rest.slice(found.words.length), current);
}

/** Returns the words after the options before the command, or the option that takes the next word. */
function skipGlobalFlags(before: string[]): { rest: string[]; pending?: keyof typeof globalFlags } {
  let index = 0;
  for (let word = before[0]; word?.startsWith("-"); word = before[index]) {
    const pending = flagAwaitingValue(globalFlags, word);
    index += pending === undefined ? 1 : 2;
    if (pending !== undefined && index > before.length) return { rest: [], pending };
  }
  return { rest: before.slice(index) };
}

function globalFlagKind(name: keyof typeof globalFlags): NameKind | "file" | "nothing" {
  const flag: Flag<unknown> = globalFlags[name];
  return flag.completes ?? "nothing";
}

function words(candidates: Candidate[]): Completion {
  return { kind: "words", words: candidates };
}

function commandCandidates(commands: ListedCommand[]): Candidate[] {
  return commands.map(({ word, entry }) => ({ text: word, description: entry.summary }));
}

function groupCandidates(): Candidate[] {
  return Object.entries(groups).map(([text, description]) => ({ text, description }));
}

function pluginCandidates(): Candidate[] {
  return Object.entries(knownPlugins).map(([text, { summary }]) => ({ text, description: summary }));
}

function planArguments(command: Command, before: string[], current: string): Completion {
  let positionals = 0;
  let options = true;
  let pending: string | undefined;
  for (const word of before) {
    if (pending !== undefined) pending = undefined;
    else if (options && word === "--") options = false;
    else if (options && word.startsWith("-") && word !== "-")
      pending = flagAwaitingValue(command.flags, word);
    else {
      positionals++;
      if (command.placement === "leading") options = false;
    }
  }
  if (pending !== undefined) return { kind: command.flags[pending]?.completes ?? "nothing" };
  if (options && current.startsWith("-")) return words(flagCandidates(command.flags));
  return planPositional(command.synopsis, positionals);
}

/** Returns the flag that takes the next word as its value: the long name or the last letter of `word`. */
function flagAwaitingValue<Table extends FlagTable>(
  flags: Table,
  word: string,
): Extract<keyof Table, string> | undefined {
  if (word.includes("=")) return undefined;
  const long = word.startsWith("--") ? word.slice(2) : undefined;
  const letter = word.at(-1);
  const found = Object.entries(flags).find(([name, flag]) =>
    long !== undefined ? name === long || flag.also === long : flag.short === letter,
  );
  if (found?.[1].valueName === undefined) return undefined;
  const [name] = found;
  return isKeyOf(flags, name) ? name : undefined;
}

function isKeyOf<Table extends FlagTable>(table: Table, name: string): name is Extract<keyof Table, string> {
  return Object.hasOwn(table, name);
}

function flagCandidates(flags: FlagTable): Candidate[] {
  const shown = Object.entries(flags).filter(([, flag]) => !flag.hidden);
  const list = shown.map(([name, { usage }]) => ({ text: `--${name}`, description: usage }));
  return [...list, { text: "--help", description: "Print usage" }];
}

/** Types of arguments, by their names in usage lines. */
const argumentKinds: Record<string, NameKind | "file"> = {
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

/** Returns an argument's type according to its name in the usage line: `[OPTIONS] CONTAINER [CONTAINER...]`. */
function planPositional(synopsis: string, index: number): Completion {
  const all = synopsis.split(" ").filter((word) => word !== "" && word !== "[OPTIONS]");
  const last = all.at(-1);
  const word = all[index] ?? (last?.includes("...") ? last : undefined);
  const [name = ""] = (word ?? "").replace(/^\[/, "").split(/[[\]:.]/);
  const kind = Object.hasOwn(argumentKinds, name) ? argumentKinds[name] : undefined;
  return kind === undefined ? nothing : { kind };
}
