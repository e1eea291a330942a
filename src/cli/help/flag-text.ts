import type { Flag, FlagTable } from "../flags/flag.ts";

/** A flag as help and documentation show it. */
export interface FlagText {
  /** Without the hyphen. */
  short: string | undefined;
  /** `--name`, with the value's name if the flag takes a value. */
  long: string;
  usage: string;
}

/** Returns the texts of all flags that help shows, by name. */
export function flagTexts(flags: FlagTable): FlagText[] {
  return Object.entries(flags)
    .filter(([, flag]) => !flag.hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => ({
      short: flag.short,
      long: flag.valueName === undefined ? `--${name}` : `--${name} ${flag.valueName}`,
      usage: usageWithDefault(flag),
    }));
}

function usageWithDefault(flag: Flag<unknown>): string {
  const shown = flag.shownDefault ?? (flag.initial === true ? "true" : undefined);
  return shown === undefined ? flag.usage : `${flag.usage} (default ${shown})`;
}
