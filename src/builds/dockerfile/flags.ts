import { invalidArgument, type TboxError } from "#support/errors.ts";
import { suggestion } from "#support/nearest.ts";

type Kind = "text" | "texts" | "switch";

type Value<K extends Kind> = K extends "text" ? string : K extends "texts" ? string[] : boolean;

/** The flags of an instruction by name; flags that were not given are absent. */
export type FlagValues<Table extends Record<string, Kind>> = { [Name in keyof Table]?: Value<Table[Name]> };

/** Reads flags of the form `--name=value`; throws for unknown and repeated flags. */
export function readFlags<Table extends Record<string, Kind>>(
  flags: string[],
  table: Table,
): FlagValues<Table> {
  const values: Record<string, string | string[] | boolean> = {};
  for (const flag of flags) {
    const [, name = "", given, value = ""] = /^--([^=]*)(=([\s\S]*))?$/.exec(flag) ?? [];
    const kind = Object.hasOwn(table, name) ? table[name] : undefined;
    if (kind === undefined) throw unknownFlag(name, Object.keys(table));
    if (kind !== "texts" && Object.hasOwn(values, name))
      throw invalidArgument(`duplicate flag specified: --${name}`);
    if (kind === "switch") {
      if (given !== undefined && value === "") throw invalidArgument(`missing a value on flag: --${name}`);
      values[name] = readSwitch(name, value);
      continue;
    }
    if (given === undefined) throw invalidArgument(`missing a value on flag: --${name}`);
    const before = values[name];
    if (kind === "text") values[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else values[name] = [value];
  }
  return values as FlagValues<Table>;
}

function readSwitch(name: string, value: string): boolean {
  const lower = value.toLowerCase();
  if (lower === "true" || lower === "") return true;
  if (lower === "false") return false;
  throw invalidArgument(`expecting boolean value for flag --${name}, not: ${value}`);
}

function unknownFlag(name: string, known: string[]): TboxError {
  return invalidArgument(`unknown flag: --${name}${suggestion(name, known)}`);
}
