import type { Flag, FlagOptions } from "./flag.ts";

/** An option without a value; `--name=false` takes it back. */
export function bool(usage: string, options: FlagOptions & { initial?: boolean } = {}): Flag<boolean> {
  const { initial = false, ...rest } = options;
  return { usage, initial, accept: parseBool, ...rest };
}

export function text(usage: string, options: FlagOptions = {}): Flag<string | undefined> {
  return { usage, valueName: "string", initial: undefined, accept: (value) => value, ...options };
}

/** A text that must be one of the given words. */
export function word<Word extends string>(
  usage: string,
  words: readonly Word[],
  options: FlagOptions = {},
): Flag<Word | undefined> {
  const accept = (value: string) => {
    const known = words.find((candidate) => candidate === value);
    if (known === undefined) throw new Error(`must be one of ${words.map((one) => `"${one}"`).join(", ")}`);
    return known;
  };
  return { usage, valueName: "string", initial: undefined, accept, ...options };
}

export function integer(usage: string, options: FlagOptions = {}): Flag<number | undefined> {
  return { usage, valueName: "int", initial: undefined, accept: parseInteger, ...options };
}

/** A value read by `parse`, which throws on a bad text. */
export function parsed<T>(
  usage: string,
  parse: (text: string) => T,
  options: FlagOptions = {},
): Flag<T | undefined> {
  return { usage, valueName: "string", initial: undefined, accept: (value) => parse(value), ...options };
}

/** May be given many times; every occurrence adds one value. */
export function list(usage: string, options: FlagOptions = {}): Flag<string[]> {
  return listOf(usage, (value) => value, options);
}

export function listOf<T>(usage: string, parse: (text: string) => T, options: FlagOptions = {}): Flag<T[]> {
  return {
    usage,
    valueName: "list",
    initial: [],
    accept: (value, current) => [...current, parse(value)],
    ...options,
  };
}

/**
 * An option of Docker's that tbox does not have: refused by its name unless it asks for nothing. Without a reason
 * it is yet to come.
 */
export function unsupported(
  usage: string,
  options: FlagOptions & { harmless?: string; reason?: string } = {},
): Flag<undefined> {
  const { harmless, reason, ...rest } = options;
  const accept = (value: string) => {
    if (value !== harmless) throw new UnsupportedFlag(reason);
    return undefined;
  };
  return { usage, valueName: "string", initial: undefined, hidden: true, accept, ...rest };
}

/** A switch of Docker's that tbox does not have yet; `--name=false` is what tbox does anyway. */
export function unsupportedBool(usage: string, options: FlagOptions = {}): Flag<undefined> {
  const accept = (value: string) => {
    if (parseBool(value)) throw new UnsupportedFlag();
    return undefined;
  };
  return { usage, initial: undefined, hidden: true, accept, ...options };
}

/** The parser names the option in the message it makes of this. */
export class UnsupportedFlag extends Error {}

const truths = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const untruths = new Set(["0", "f", "F", "FALSE", "false", "False"]);

export function parseBool(value: string): boolean {
  if (truths.has(value)) return true;
  if (untruths.has(value)) return false;
  throw new Error(`strconv.ParseBool: parsing "${value}": invalid syntax`);
}

export function parseInteger(value: string): number {
  if (!/^[+-]?\d+$/.test(value)) throw new Error(`strconv.ParseInt: parsing "${value}": invalid syntax`);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new Error(`strconv.ParseInt: parsing "${value}": value out of range`);
  }
  return number;
}
