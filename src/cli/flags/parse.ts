import type { Flag, FlagTable, FlagValues } from "./flag.ts";
import { UnsupportedFlag } from "./kinds.ts";

export interface ParsedFlags<Table> {
  values: FlagValues<Table>;
  /** Names of the options that were given, however spelt. */
  given: Set<string>;
  positionals: string[];
  /** `--help` was met; nothing after it was read. */
  help: boolean;
}

/** Where options may stand: anywhere, or only before the first argument that is none. */
export type Placement = "anywhere" | "leading";

/** Exit code for a flag that is unknown or has no valid value, whatever the command; Docker's. */
export const flagFailure = 125;

/** A wrong command line; the message is Docker's. */
export class UsageError extends Error {}

/**
 * Reads a command line by the rules of Docker's: `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * `-n=value`, joined switches `-itn value`, and `--` before arguments that look like options.
 */
export function parseFlags<Table extends FlagTable>(
  table: Table,
  argv: readonly string[],
  placement: Placement,
): ParsedFlags<Table> {
  const state = new Parser(table, argv);
  while (state.position < argv.length) {
    const argument = argv[state.position++] ?? "";
    if (argument === "--") {
      state.positionals.push(...argv.slice(state.position));
      break;
    }
    if (argument.startsWith("--")) state.long(argument);
    else if (argument.startsWith("-") && argument !== "-") state.shorts(argument.slice(1));
    else if (placement === "leading") {
      state.positionals.push(...argv.slice(state.position - 1));
      break;
    } else state.positionals.push(argument);
    if (state.help) break;
  }
  const { given, positionals, help } = state;
  // Every name of the table got its initial value, and after that only what its own `accept` returned.
  return { values: state.values as FlagValues<Table>, given, positionals, help };
}

class Parser {
  position = 0;
  help = false;
  readonly positionals: string[] = [];
  readonly given = new Set<string>();
  readonly values: Record<string, unknown> = {};
  readonly #table: FlagTable;
  readonly #argv: readonly string[];

  constructor(table: FlagTable, argv: readonly string[]) {
    this.#table = table;
    this.#argv = argv;
    for (const name in table) this.values[name] = table[name]?.initial;
  }

  long(argument: string): void {
    const equals = argument.indexOf("=");
    const spelt = argument.slice(2, equals === -1 ? undefined : equals);
    if (spelt === "" || spelt.startsWith("-")) throw new UsageError(`bad flag syntax: ${argument}`);
    const [name, flag] = this.#byName(spelt);
    if (flag === undefined && name === "help") {
      this.help = equals === -1 || argument.slice(equals + 1) === "true";
      return;
    }
    if (flag === undefined) throw new UsageError(`unknown flag: --${name}`);
    const value = equals === -1 ? undefined : argument.slice(equals + 1);
    this.#set(name, flag, value ?? (flag.valueName === undefined ? "true" : this.#next(`--${name}`)));
  }

  shorts(letters: string): void {
    for (let rest = letters; rest !== ""; ) {
      const letter = rest[0] ?? "";
      const found = this.#byLetter(letter);
      if (found === undefined && letter === "h") {
        this.help = true;
        return;
      }
      if (found === undefined) {
        throw new UsageError(`unknown shorthand flag: '${letter}' in -${rest}`);
      }
      const [name, flag] = found;
      const after = rest.slice(1);
      if (after.length > 1 && after.startsWith("=")) {
        this.#set(name, flag, after.slice(1));
        return;
      }
      if (flag.valueName === undefined) {
        this.#set(name, flag, "true");
        rest = after;
        continue;
      }
      this.#set(name, flag, after === "" ? this.#next(`'${letter}' in -${rest}`) : after);
      return;
    }
  }

  #byName(spelt: string): [string, Flag<unknown> | undefined] {
    if (Object.hasOwn(this.#table, spelt)) return [spelt, this.#table[spelt]];
    const other = Object.entries(this.#table).find(([, flag]) => flag.also === spelt);
    return other ?? [spelt, undefined];
  }

  #byLetter(letter: string): [string, Flag<unknown>] | undefined {
    return Object.entries(this.#table).find(([, flag]) => flag.short === letter);
  }

  #next(flag: string): string {
    const value = this.#argv[this.position++];
    if (value === undefined) throw new UsageError(`flag needs an argument: ${flag}`);
    return value;
  }

  #set(name: string, flag: Flag<unknown>, text: string): void {
    try {
      this.values[name] = flag.accept(text, this.values[name]);
    } catch (error) {
      if (error instanceof UnsupportedFlag) {
        throw new UsageError(`--${name} is not supported${error.message ? `: ${error.message}` : " yet"}`);
      }
      const shown = flag.short === undefined ? `--${name}` : `-${flag.short}, --${name}`;
      const reason = error instanceof Error ? error.message : String(error);
      throw new UsageError(`invalid argument "${text}" for "${shown}" flag: ${reason}`);
    }
    this.given.add(name);
  }
}
