import type { FlagTable, FlagValues } from "../flags/flag.ts";
import type { Placement } from "../flags/parse.ts";

/** A parsed command line. */
export interface Invocation<Table> {
  flags: FlagValues<Table>;
  /** Names of the flags that the command line sets. */
  given: ReadonlySet<string>;
  positionals: string[];
}

/** Number of arguments that a command takes besides its flags. */
export interface ArgumentCount {
  minimum: number;
  maximum: number;
}

/** An example for help and documentation. */
export interface Example {
  /** Complete command line: `tbox rm -f web`. */
  line: string;
  /** Purpose in the imperative, without a full stop. */
  purpose: string;
}

/**
 * The definition of a command: the only source of its help, its completion and its pages in the documentation.
 * `npm run docs` writes the command index and the pages from it.
 */
export interface Command<Table extends FlagTable = FlagTable> {
  /** Words after `tbox`: `rm`, or `network create` for a command of a group. */
  name: string;
  /** Other words for the same command: `container rm`. */
  aliases?: readonly string[];
  /** One line for lists of commands, in the imperative, without a full stop. */
  summary: string;
  /** Explanation below the summary in help and documentation. */
  description?: string;
  /** Position in the first block of `tbox --help`; absent for less common commands. */
  rank?: number;
  /** Usage line after the name: `[OPTIONS] IMAGE [COMMAND] [ARG...]`. Completion takes argument types from it. */
  synopsis: string;
  flags: Table;
  arguments: ArgumentCount;
  /** Allowed position of flags; `leading` for commands that take another command line. */
  placement?: Placement;
  /** Exit status after a failure: 125 if a container's program could itself exit with 1. */
  failureCode?: number;
  examples?: readonly Example[];
  /**
   * Whether the daemon can run the command for the launcher: the command uses the user's process only through
   * `RemoteCaller`, or calls `needOwnProcess` first.
   */
  remote?: true;
  /** Runs the command; returns the exit status. */
  run(invocation: Invocation<Table>): Promise<number>;
}

/** Returns the definition unchanged. Infers the type of the parameter of `run` from the flags. */
export function command<Table extends FlagTable>(definition: Command<Table>): Command<Table> {
  return definition;
}

/** Returns the argument count for a command with a fixed number of arguments. */
export function exactly(count: number): ArgumentCount {
  return { minimum: count, maximum: count };
}

/** Returns the argument count for a command without an upper limit. */
export function atLeast(count: number): ArgumentCount {
  return { minimum: count, maximum: Number.POSITIVE_INFINITY };
}

/** Returns the argument count for a command with optional arguments. */
export function between(minimum: number, maximum: number): ArgumentCount {
  return { minimum, maximum };
}
