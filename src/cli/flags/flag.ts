/**
 * A flag of a command. `accept` receives a text and the value from earlier occurrences, and returns the new value. For
 * an invalid text, `accept` throws an error with a description.
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
  /** Whether help leaves out the flag, because tbox refuses or ignores it. */
  hidden?: boolean;
  /** Type of the value, for shell completion. */
  completes?: "file" | "network" | "container";
}
