import { HandOver } from "#client/caller/remote-caller.ts";
import { flagFailure, parseFlags, UsageError } from "../flags/parse.ts";
import { ExitError } from "../output/exit.ts";
import { print, printError } from "../output/output.ts";
import type { Command } from "./command.ts";

/**
 * Runs a command with its arguments; returns the exit status. Prints every failure to standard error.
 * `name` is the words that called the command.
 */
export async function invoke(command: Command, name: string, argv: string[]): Promise<number> {
  const failure = command.failureCode ?? 1;
  try {
    const parsed = parseFlags(command.flags, argv, command.placement ?? "anywhere");
    if (parsed.help) {
      const { commandHelp } = await import("../help/command-help.ts");
      await print(commandHelp(name, command));
      return 0;
    }
    checkCount(command, name, parsed.positionals.length);
    return await command.run({ flags: parsed.values, given: parsed.given, positionals: parsed.positionals });
  } catch (error) {
    return reportFailure(error, name, failure);
  }
}

async function reportFailure(error: unknown, name: string, failure: number): Promise<number> {
  if (error instanceof HandOver) throw error;
  if (error instanceof UsageError) {
    printError(`${error.message}\nSee 'tbox ${name} --help'.`, "bare");
    return flagFailure;
  }
  if (error instanceof ExitError) {
    if (error.message !== "") printError(error.message);
    return error.exitCode;
  }
  const { failureMessage } = await import("../output/failure.ts");
  printError(failureMessage(error));
  return failure;
}

function checkCount(command: Command, name: string, count: number): void {
  const { minimum, maximum } = command.arguments;
  if (count >= minimum && count <= maximum) return;
  const wanted = count < minimum ? minimum : maximum;
  const kind = minimum === maximum ? "" : count < minimum ? "at least " : "at most ";
  const number = wanted === 1 ? "1 argument" : `${wanted} arguments`;
  const rule = maximum === 0 ? "accepts no arguments" : `requires ${kind}${number}`;
  const message = `'tbox ${name}' ${rule}\n\nUsage:  tbox ${name} ${command.synopsis}\n\nSee 'tbox ${name} --help'.`;
  throw new ExitError(message, 1);
}
