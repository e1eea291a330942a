import type { FlagTable, FlagValues } from "../flags/flag.ts";
import type { Placement } from "../flags/parse.ts";

export interface Invocation<Table> {
  flags: FlagValues<Table>;
  /** Names of the options that were given. */
  given: ReadonlySet<string>;
  positionals: string[];
}

/** How many arguments a command takes, besides its options. */
export interface ArgumentCount {
  minimum: number;
  maximum: number;
}

export interface Command<Table extends FlagTable = FlagTable> {
  /** After the command's name in the usage line: `[OPTIONS] IMAGE [COMMAND] [ARG...]`. */
  synopsis: string;
  description: string;
  flags: Table;
  arguments: ArgumentCount;
  /** Options only before the first argument, for commands that take another command line. */
  placement?: Placement;
  /** Exit code of a command line that is wrong: 125 where 1 could be the program's own. */
  failureCode?: number;
  /** Gives the exit code. */
  run(invocation: Invocation<Table>): Promise<number>;
}

/** Ties the type of `run` to the table of options. */
export function command<Table extends FlagTable>(definition: Command<Table>): Command<Table> {
  return definition;
}

export function exactly(count: number): ArgumentCount {
  return { minimum: count, maximum: count };
}

export function atLeast(count: number): ArgumentCount {
  return { minimum: count, maximum: Number.POSITIVE_INFINITY };
}

export function atMost(count: number): ArgumentCount {
  return { minimum: 0, maximum: count };
}
