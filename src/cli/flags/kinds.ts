import type { Flag, FlagOptions } from "./flag.ts";

/** Returns a flag without a value; `--name=false` unsets it. */
export function bool(usage: string, options: FlagOptions & { initial?: boolean } = {}): Flag<boolean> {
  const { initial = false, ...rest } = options;
  return { usage, initial, accept: parseBool, ...rest };
}

/** Returns a flag with a text as its value. */
export function text(usage: string, options: FlagOptions = {}): Flag<string | undefined> {
  return { usage, valueName: "string", initial: undefined, accept: (value) => value, ...options };
}

/** Returns a flag whose value is one of the words. */
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

/** Returns a flag with an integer as its value. */
export function integer(usage: string, options: FlagOptions = {}): Flag<number | undefined> {
  return { usage, valueName: "int", initial: undefined, accept: parseInteger, ...options };
}

/** Returns a flag whose value `parse` reads. `parse` throws for an invalid text. */
export function parsed<T>(
  usage: string,
  parse: (text: string) => T,
  options: FlagOptions = {},
): Flag<T | undefined> {
  return { usage, valueName: "string", initial: undefined, accept: (value) => parse(value), ...options };
}

/** Returns a flag that can be repeated; each occurrence adds a text. */
export function list(usage: string, options: FlagOptions = {}): Flag<string[]> {
  return listOf(usage, (value) => value, options);
}

/** Returns a flag that can be repeated; each occurrence adds a value that `parse` reads. */
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
 * Returns a flag of Docker that tbox refuses, except with the harmless value. Without a reason, the message says that
 * the flag is not supported.
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

/** Returns a switch of Docker that tbox refuses; `--name=false` is accepted. */
export function unsupportedBool(
  usage: string,
  { reason, ...options }: FlagOptions & { reason?: string } = {},
): Flag<undefined> {
  const accept = (value: string) => {
    if (parseBool(value)) throw new UnsupportedFlag(reason);
    return undefined;
  };
  return { usage, initial: undefined, hidden: true, accept, ...options };
}

/** Docker's `--disable-content-trust`, on by default. `false` requests a verification, which tbox does not have. */
export const contentTrust: Flag<undefined> = {
  usage: "Skip image verification",
  initial: undefined,
  hidden: true,
  accept(value) {
    if (!parseBool(value)) throw new UnsupportedFlag("tbox verifies no signatures");
    return undefined;
  },
};

/** An error for an unsupported flag. The parser adds the flag's name to the message. */
export class UnsupportedFlag extends Error {}

const trueWords = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const falseWords = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** Parses a boolean as Go does. */
export function parseBool(value: string): boolean {
  if (trueWords.has(value)) return true;
  if (falseWords.has(value)) return false;
  throw new Error(`strconv.ParseBool: parsing "${value}": invalid syntax`);
}

/** Parses a decimal integer; errors have Go's wording. */
export function parseInteger(value: string): number {
  if (!/^[+-]?\d+$/.test(value)) throw new Error(`strconv.ParseInt: parsing "${value}": invalid syntax`);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new Error(`strconv.ParseInt: parsing "${value}": value out of range`);
  }
  return number;
}
