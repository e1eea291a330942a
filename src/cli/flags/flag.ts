/**
 * A flag of a command. `accept` converts a value's text to the flag's value, given the value of earlier occurrences.
 * It throws an error whose message describes the invalid text.
 */
export interface Flag<T> extends FlagOptions {
  usage: string;
  initial: T;
  accept(text: string, current: T): T;
}

// The table's values have different types; `FlagValues` restores them.
export type FlagTable = Record<string, Flag<unknown>>;

/** Values of a table's flags, by name. */
export type FlagValues<Table> = { [Name in keyof Table]: Table[Name] extends Flag<infer T> ? T : never };

/** Optional properties of a flag. */
export interface FlagOptions {
  short?: string;
  /** Another long spelling, which help does not show. */
  also?: string;
  /** Name of the value in help; absent for flags without a value. */
  valueName?: string;
  /** Default value in help. */
  shownDefault?: string;
  /** Whether help leaves the flag out: flags that tbox only refuses or ignores. */
  hidden?: boolean;
  /** Type of the value, for shell completion. */
  completes?: "file" | "network" | "container";
}
