/**
 * One option of a command. `accept` turns a value's text into the option's value, given what earlier
 * occurrences made of it, and throws an error whose message says what is wrong with the text.
 */
export interface Flag<T> {
  usage: string;
  short?: string;
  /** Another long spelling, which help does not show. */
  also?: string;
  /** The name help shows for the value; absent for options that stand alone. */
  valueName?: string;
  /** What help shows as the default. */
  shownDefault?: string;
  /** Left out of help: options that only exist to be refused. */
  hidden?: boolean;
  initial: T;
  accept(text: string, current: T): T;
}

// The table's values have different types; only `FlagValues` looks at them again.
export type FlagTable = Record<string, Flag<unknown>>;

export type FlagValues<Table> = { [Name in keyof Table]: Table[Name] extends Flag<infer T> ? T : never };

export interface FlagOptions {
  short?: string;
  also?: string;
  valueName?: string;
  shownDefault?: string;
  hidden?: boolean;
}
