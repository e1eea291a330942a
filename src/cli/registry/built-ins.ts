import { nearest } from "#support/nearest.ts";
import { version } from "#support/version.ts";
import { flagFailure, UsageError } from "../flags/parse.ts";
import { commandHelp } from "../help/command-help.ts";
import { generalHelp, groupHelp } from "../help/general-help.ts";
import { print, printError } from "../output/output.ts";
import { findCommand, groupCommands, topLevelCommands } from "./find-command.ts";
import { groups, isGroup } from "./groups.ts";
import { invoke } from "./invoke.ts";

/** Docker's commands that tbox does not support, with the reason. */
const unsupportedCommands: Readonly<Record<string, string>> = {
  checkpoint: "checkpoints need CRIU, which needs root",
  config: "there is no Swarm",
  node: "there is no Swarm",
  plugin: "plugins of the daemon need root",
  secret: "there is no Swarm",
  service: "there is no Swarm",
  stack: "there is no Swarm: use compose",
  swarm: "there is no Swarm",
  trust: "tbox verifies no signatures",
};

/** Docker's commands of a group that tbox does not support, with the reason. */
const unsupportedInGroups: Readonly<Record<string, string>> = Object.fromEntries(
  ["annotate", "create", "push", "rm"].map((word) => [
    `manifest ${word}`,
    "build for several platforms, or use tbox buildx imagetools create (Docker's plugin buildx)",
  ]),
);

/** Runs a command line without a command of the index: help, version, completion, or an unknown word. */
export async function runBuiltIn(argv: string[]): Promise<number> {
  const [first, second, ...rest] = argv;
  if (first === undefined) return show(generalHelp());
  if (first === "help") return help(argv.slice(1));
  if (first === "__complete") {
    const { completeCommand } = await import("../completion/complete.ts");
    return invoke(completeCommand, first, second === undefined ? [] : [second, ...rest]);
  }
  if (!isGroup(first)) {
    const { runPlugin } = await import("../plugins/run-plugin.ts");
    return (await runPlugin(first, argv.slice(1))) ?? unknownCommand([first]);
  }
  if (second === undefined || isHelpFlag(second)) return show(groupHelp(first));
  return unknownCommand([first, second]);
}

/** Applies the options before the command, and runs the command with `run`. */
export async function runWithGlobalFlags(
  argv: string[],
  run: (argv: string[]) => Promise<number>,
): Promise<number> {
  if (argv[0] === "-h") return show(generalHelp());
  try {
    const { applyGlobalFlags } = await import("../global-flags/apply.ts");
    const { argv: rest, asks } = await applyGlobalFlags(argv);
    if (asks === "help") return show(generalHelp());
    if (asks === "version") return show(`tbox version ${version}\n`);
    return run(rest);
  } catch (error) {
    if (error instanceof UsageError) {
      printError(`${error.message}\nSee 'tbox --help'.`, "bare");
      return flagFailure;
    }
    const { failureMessage } = await import("../output/failure.ts");
    return complain(failureMessage(error));
  }
}

function isHelpFlag(word: string): boolean {
  return word === "--help" || word === "-h";
}

async function help(words: string[]): Promise<number> {
  const [first, second] = words;
  if (first === undefined) return show(generalHelp());
  const found = findCommand(words);
  if (found) return show(commandHelp(found.words.join(" "), await found.entry.load()));
  if (isGroup(first) && second === undefined) return show(groupHelp(first));
  return unknownCommand(isGroup(first) ? words.slice(0, 2) : [first]);
}

function unknownCommand(words: string[]): number {
  const [group = ""] = words;
  const word = words.at(-1) ?? "";
  const called = ["tbox", ...words].join(" ");
  if (!isGroup(group) && Object.hasOwn(unsupportedCommands, word)) {
    return complain(`${called} is not supported: ${unsupportedCommands[word]}`);
  }
  const reason = unsupportedInGroups[words.join(" ")];
  if (reason !== undefined) return complain(`${called} is not supported: ${reason}`);
  const inGroup = words.length > 1;
  const known = inGroup
    ? groupCommands(group)
    : [...topLevelCommands(), ...Object.keys(groups).map((name) => ({ word: name }))];
  const similar = nearest(
    word,
    known.map((one) => one.word),
  );
  const hint = similar === undefined ? "" : `\n\nDid you mean '${similar}'?`;
  return complain(
    `unknown command: ${called}${hint}\n\nSee '${inGroup ? `tbox ${group} --help` : "tbox --help"}'.`,
  );
}

async function show(text: string): Promise<number> {
  await print(text);
  return 0;
}

function complain(message: string): number {
  printError(message);
  return 1;
}
