import { invalidArgument } from "#support/errors.ts";
import type { Pair } from "./statement.ts";
import { isWhitespace, trimStart } from "./whitespace.ts";

const blanks = /[\t\v\f\r ]+/;

/** Words between blanks; blanks in quotes are part of a word, and quotes and escapes stay in place. */
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
      // An escape with nothing behind it is dropped.
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

/** Words between blanks, quoted or not. */
export function plainWords(text: string): string[] {
  return text === "" ? [] : text.split(blanks);
}

/** The first word and the rest. */
export function cutWord(text: string): [string, string | undefined] {
  const found = blanks.exec(text);
  if (!found) return [text, undefined];
  return [text.slice(0, found.index), text.slice(found.index + found[0].length)];
}

/** The words of ENV and LABEL: `a=b c="d e"`, or the old form of a name and the rest of the line. */
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

/** A JSON array of strings; nothing when it is no array, and an error when it is one of anything else. */
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

/** The `--flags` at the front, without quotes and escapes, and what follows them. */
export function cutFlags(text: string, mark: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isWhitespace(text[at] ?? "")) at++;
    if (!text.startsWith("--", at)) return { flags, rest: text.slice(at) };
    const { word, end } = readFlag(text, at, mark);
    at = end;
    // What follows `--` is no flag, whatever it looks like.
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
