import { invalidArgument, TboxError } from "#support/errors.ts";
import { openScanner, readLess, readName, type Scanner } from "./scanner.ts";
import { cutMatch, replaceMatch } from "./shell-pattern.ts";
import { createWordCollector } from "./word-collector.ts";

export interface ExpandOptions {
  escape?: "\\" | "`";
  /** Keeps quotes in the result. */
  keepQuotes?: boolean;
  /** Keeps escape characters in the result. */
  keepEscapes?: boolean;
  /** Treats quotes as ordinary characters. */
  ignoreQuotes?: boolean;
  /** Keeps unset variables as they are written. */
  keepUnset?: boolean;
}

/** Returns the value of a variable, or undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

/** Expands the variables of a word and removes its quotes and escapes, like BuildKit. */
export function expandWord(text: string, lookup: Lookup, options: ExpandOptions = {}): string {
  return expand(text, lookup, options).text;
}

/** Expands a text like `expandWord` and splits it at unquoted white space. */
export function expandWords(text: string, lookup: Lookup, options: ExpandOptions = {}): string[] {
  return expand(text, lookup, options).words;
}

interface Expanded {
  text: string;
  words: string[];
}

function expand(text: string, lookup: Lookup, options: ExpandOptions): Expanded {
  const expansion = { scanner: openScanner(text), lookup, options, depth: 0, most: mostGrowth + text.length };
  try {
    return expandUntil(expansion, undefined, options.keepEscapes ?? false);
  } catch (cause) {
    if (!(cause instanceof TboxError)) throw cause;
    const shown = text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
    throw invalidArgument(`failed to process ${JSON.stringify(shown)}`, cause);
  }
}

interface Expansion {
  scanner: Scanner;
  lookup: Lookup;
  options: ExpandOptions;
  /** Nesting depth of substitutions. */
  depth: number;
  /** Longest result in characters. */
  most: number;
}

/** Characters by which a text may grow. Nested variables can double the text at each level. */
const mostGrowth = 1024 * 1024;
/** Characters of a text that an error message shows. */
const mostShown = 200;
/** Deepest nesting of substitutions. */
const mostDepth = 100;

/** Expands up to the stop character, or to the end of the text. */
function expandUntil(expansion: Expansion, stop: string | undefined, keepEscapes: boolean): Expanded {
  const { scanner, options, most } = expansion;
  if (expansion.depth > mostDepth) throw invalidArgument(`more than ${mostDepth} nested substitutions`);
  const words = createWordCollector();
  let text = "";
  const add = (piece: string, quoting: "unquoted" | "quoted") => {
    text += piece;
    if (text.length > most) throw invalidArgument("the result is too long");
    if (quoting === "quoted") words.addQuoted(piece);
    else for (const character of piece) words.add(character);
  };
  for (let character = scanner.peek(); character !== undefined; character = scanner.peek()) {
    if (character === stop) {
      scanner.next();
      return { text, words: words.end() };
    }
    if (character === "$") add(expandDollar(expansion), "unquoted");
    else if (character === "<") add(readLess(scanner), "quoted");
    else if (character === "'" && !options.ignoreQuotes) add(readSingleQuotes(expansion), "quoted");
    else if (character === '"' && !options.ignoreQuotes)
      add(readDoubleQuotes(expansion, keepEscapes), "quoted");
    else if (character === (options.escape ?? "\\")) {
      scanner.next();
      if (keepEscapes) add(character, "quoted");
      const escaped = scanner.next();
      if (escaped !== undefined) add(escaped, "quoted");
    } else {
      scanner.next();
      add(character, "unquoted");
    }
  }
  if (stop !== undefined) {
    throw invalidArgument(`unexpected end of statement while looking for matching ${stop}`);
  }
  return { text, words: words.end() };
}

function readSingleQuotes({ scanner, options }: Expansion): string {
  const quote = scanner.next() ?? "";
  let text = "";
  for (let character = scanner.next(); character !== quote; character = scanner.next()) {
    if (character === undefined) {
      throw invalidArgument("unexpected end of statement while looking for matching single-quote");
    }
    text += character;
  }
  return options.keepQuotes ? quote + text + quote : text;
}

function readDoubleQuotes(expansion: Expansion, keepEscapes: boolean): string {
  const { scanner, options } = expansion;
  const mark = options.escape ?? "\\";
  const quote = scanner.next() ?? "";
  let text = "";
  for (;;) {
    const character = scanner.peek();
    if (character === undefined) {
      throw invalidArgument("unexpected end of statement while looking for matching double-quote");
    }
    if (character === "$") {
      text += expandDollar(expansion);
      continue;
    }
    scanner.next();
    if (character === quote) return options.keepQuotes ? quote + text + quote : text;
    if (character !== mark) {
      text += character;
      continue;
    }
    if (keepEscapes) text += character;
    const next = scanner.peek();
    // Between double quotes only these characters can be escaped; elsewhere the escape is literal.
    if (next === '"' || next === "$" || next === mark) text += scanner.next();
    else if (next !== undefined) text += character;
  }
}

function expandDollar(expansion: Expansion): string {
  const { scanner, lookup, options } = expansion;
  scanner.next();
  if (scanner.peek() !== "{") {
    const name = readName(scanner);
    if (name === "") return "$";
    const value = lookup(name);
    return value ?? (options.keepUnset ? `$${name}` : "");
  }
  scanner.next();
  const first = scanner.peek();
  if (first === undefined) throw invalidArgument("syntax error: missing '}'");
  if (first === "{" || first === "}" || first === ":")
    throw invalidArgument("syntax error: bad substitution");
  const name = readName(scanner);
  const modifier = scanner.next() ?? "";
  if (modifier === "}") {
    const value = lookup(name);
    return value ?? (options.keepUnset ? `\${${name}}` : "");
  }
  if (modifier === "/") return substitute(expansion, name);
  if (modifier === ":") return modify(expansion, { name, modifier: scanner.next() ?? "", colon: true });
  return modify(expansion, { name, modifier, colon: false });
}

interface Modification {
  name: string;
  modifier: string;
  /** Whether an empty value counts as unset. */
  colon: boolean;
}

function modify(expansion: Expansion, { name, modifier, colon }: Modification): string {
  const { lookup, options } = expansion;
  const written = `${colon ? ":" : ""}${modifier}`;
  const cuts = modifier === "#" || modifier === "%";
  if (!/^[-+?#%]$/.test(modifier) || (colon && cuts)) {
    throw invalidArgument(`unsupported modifier (${written}) in substitution`);
  }
  const word = readUntil(expansion, "}", cuts, "syntax error: missing '}'");
  const value = lookup(name);
  if (value === undefined && options.keepUnset) return `\${${name}${written}${word}}`;
  const usable = value !== undefined && !(colon && value === "");
  switch (modifier) {
    case "-":
      return usable ? value : word;
    case "+":
      return usable ? word : "";
    case "?": {
      if (usable) return value;
      const state = value === undefined ? "unset" : "empty";
      throw invalidArgument(`${name}: ${word || `is not allowed to be ${state}`}`);
    }
    default: {
      const longest = word.startsWith(modifier);
      const side = modifier === "#" ? "front" : "back";
      return cutMatch(value ?? "", longest ? word.slice(1) : word, { side, longest });
    }
  }
}

function substitute(expansion: Expansion, name: string): string {
  const { scanner, lookup, options } = expansion;
  const every = scanner.peek() === "/";
  if (every) scanner.next();
  const pattern = readUntil(expansion, "/", true, "syntax error: missing the second / of a substitution");
  const replacement = readUntil(expansion, "}", true, "syntax error: missing '}'");
  const value = lookup(name);
  if (value === undefined && options.keepUnset) return `\${${name}/${pattern}/${replacement}}`;
  return replaceMatch(value ?? "", pattern, { replacement, every });
}

function readUntil(expansion: Expansion, stop: string, keepEscapes: boolean, missing: string): string {
  try {
    return expandUntil({ ...expansion, depth: expansion.depth + 1 }, stop, keepEscapes).text;
  } catch (error) {
    if (expansion.scanner.peek() === undefined) throw invalidArgument(missing);
    throw error;
  }
}
