import { invalidArgument } from "#support/errors.ts";
import type { Pair } from "./statement.ts";
import { isWhitespace, trimStart } from "./whitespace.ts";

const separator = /[\t\v\f\r ]+/;

/** Splits at unquoted white space; keeps quotes and escapes. */
export function quotedWords(text: string, mark: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  const characters = [...text];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    const next = characters[at + 1];
    if (quote === undefined && isWhitespace(character)) {
      if (word) words.push(word);
      word = undefined;
      continue;
    }
    if (character === mark && quote !== "'") {
      // A trailing escape character is dropped.
      word = (word ?? "") + (next === undefined ? "" : character + next);
      at++;
      continue;
    }
    word = (word ?? "") + character;
    if (character === quote) quote = undefined;
    else if (quote === undefined && (character === "'" || character === '"')) quote = character;
  }
  if (word) words.push(word);
  return words;
}

/** Splits at white space, quoted or not. */
export function plainWords(text: string): string[] {
  return text === "" ? [] : text.split(separator);
}

/** Returns the first word and the rest. */
export function cutWord(text: string): [string, string | undefined] {
  const found = separator.exec(text);
  if (!found) return [text, undefined];
  return [text.slice(0, found.index), text.slice(found.index + found[0].length)];
}

/** Reads the pairs of ENV and LABEL: `a=b c="d e"`, or the old form of a name and the rest of the line. */
export function readPairs(text: string, mark: string, keyword: string): Pair[] {
  const words = quotedWords(text, mark);
  const [first] = words;
  if (first === undefined) return [];
  if (!first.includes("=")) {
    const [name, value] = cutWord(text);
    if (value === undefined) throw invalidArgument(`${keyword} must have two arguments`);
    return [{ name, value, legacy: true }];
  }
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0) {
      const rule = "Must be of the form: name=value";
      throw invalidArgument(`Syntax error - can't find = in ${JSON.stringify(word)}. ${rule}`);
    }
    return { name: word.slice(0, equals), value: word.slice(equals + 1), legacy: false };
  });
}

/** Reads a JSON array of strings; returns undefined for other text and throws for an array with other items. */
export function readJsonWords(text: string): string[] | undefined {
  const plain = trimStart(text);
  if (!plain.startsWith("[")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(plain);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  if (!value.every((word) => typeof word === "string")) {
    throw invalidArgument("when using JSON array syntax, arrays must be comprised of strings only");
  }
  return value;
}

/** Returns the leading `--flags`, without quotes and escapes, and the rest. */
export function cutFlags(text: string, mark: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isWhitespace(text[at] ?? "")) at++;
    if (!text.startsWith("--", at)) return { flags, rest: text.slice(at) };
    const { word, end } = readFlag(text, at, mark);
    at = end;
    // Words after `--` are never flags.
    if (word === "--") return { flags, rest: text.slice(at) };
    flags.push(word);
  }
}

function readFlag(text: string, start: number, mark: string): { word: string; end: number } {
  let word = "";
  let quote: string | undefined;
  let at = start;
  for (; at < text.length; at++) {
    const character = text[at] ?? "";
    if (quote === undefined && isWhitespace(character)) break;
    if (character === quote) quote = undefined;
    else if (quote === undefined && (character === "'" || character === '"')) quote = character;
    else if (character === mark) word += text[++at] ?? "";
    else word += character;
  }
  return { word, end: at };
}
