import { commandIndex } from "./command-index.ts";
import type { IndexEntry } from "./index-entry.ts";

/** A command and the words that called it. */
export interface FoundCommand {
  entry: IndexEntry;
  /** One or two words of the command line. */
  words: string[];
}

const byName = new Map(commandIndex.flatMap((entry) => entry.names.map((name) => [name, entry] as const)));

/** Finds the command that the first one or two words of a command line call. */
export function findCommand(argv: readonly string[]): FoundCommand | undefined {
  // A group can be a command itself: `context`.
  for (const length of [2, 1]) {
    const words = argv.slice(0, length);
    // A space within an argument does not separate words.
    if (words.length < length || words.some((word) => word.includes(" "))) continue;
    const name = words.join(" ");
    const entry = byName.get(name);
    if (entry) return { entry, words };
  }
  return undefined;
}

/** A command and a word that calls it. */
export interface ListedCommand {
  word: string;
  entry: IndexEntry;
}

/** Lists the commands that need no group, by word. */
export function topLevelCommands(): ListedCommand[] {
  return list((name) => (name.includes(" ") ? undefined : name));
}

/** Lists the commands of a group by the word after the group's name. Lists each command once, without aliases. */
export function groupCommands(group: string): ListedCommand[] {
  return list((name) => (name.startsWith(`${group} `) ? name.slice(group.length + 1) : undefined));
}

function list(wordOf: (name: string) => string | undefined): ListedCommand[] {
  const found: ListedCommand[] = [];
  for (const entry of commandIndex) {
    const word = entry.names.map(wordOf).find((candidate) => candidate !== undefined);
    if (word !== undefined) found.push({ word, entry });
  }
  return found.sort((a, b) => (a.word < b.word ? -1 : 1));
}
