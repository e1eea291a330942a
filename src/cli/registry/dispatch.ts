import { nearest } from "#support/nearest.ts";
import { flagFailure } from "../flags/parse.ts";
import { commandHelp } from "../help/command-help.ts";
import { generalHelp, groupHelp } from "../help/help.ts";
import { print, printError } from "../output/output.ts";
import { version } from "../version.ts";
import { commands } from "./commands.ts";
import { groups, unsupportedCommands } from "./groups.ts";
import { invoke } from "./invoke.ts";

/** Everything but a plain command: help, versions, groups of commands and what nobody knows. */
export async function runOther(argv: string[]): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined || first === "--help" || first === "-h") return show(generalHelp());
  if (first === "help") return help(rest);
  if (first === "--version" || first === "-v") return show(`tbox version ${version}\n`);
  if (first.startsWith("-")) {
    printError(`unknown flag: ${first}\nSee 'tbox --help'.`, "bare");
    return flagFailure;
  }
  if (Object.hasOwn(groups, first)) return runGroup(first, rest);
  return unknown(first, `tbox ${first}`, Object.keys({ ...commands, ...groups }), "tbox --help");
}

async function runGroup(name: string, argv: string[]): Promise<number> {
  const group = groups[name];
  const [word, ...rest] = argv;
  if (group === undefined) return 1;
  if (word === undefined || word === "--help" || word === "-h") {
    return show(groupHelp(name, group.summary, group.words));
  }
  const entry = Object.hasOwn(group.words, word) ? group.words[word] : undefined;
  if (entry) return invoke(await entry.load(), `${name} ${word}`, rest);
  return unknown(word, `tbox ${name} ${word}`, Object.keys(group.words), `tbox ${name} --help`);
}

async function help(words: string[]): Promise<number> {
  const [first, second] = words;
  if (first === undefined) return show(generalHelp());
  const group = Object.hasOwn(groups, first) ? groups[first] : undefined;
  if (group && second === undefined) return show(groupHelp(first, group.summary, group.words));
  const table = group ? group.words : commands;
  const word = group ? (second ?? "") : first;
  const entry = Object.hasOwn(table, word) ? table[word] : undefined;
  if (entry) return show(commandHelp(words.slice(0, group ? 2 : 1).join(" "), await entry.load()));
  return unknown(word, `tbox ${words.join(" ")}`, Object.keys(table), "tbox --help");
}

function unknown(word: string, called: string, known: string[], see: string): number {
  if (unsupportedCommands.has(word)) return complain(`${called} is not supported yet`);
  const similar = nearest(word, known);
  const hint = similar === undefined ? "" : `\n\nDid you mean '${similar}'?`;
  return complain(`unknown command: ${called}${hint}\n\nSee '${see}'.`);
}

async function show(text: string): Promise<number> {
  await print(text);
  return 0;
}

function complain(message: string): number {
  printError(message);
  return 1;
}
