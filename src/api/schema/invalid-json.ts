/** Returns what is wrong with a text that is not JSON, in the words of Docker's parser. */
export function describeInvalidJson(text: string): string {
  const scanner = { text, at: 0 };
  const problem = value(scanner);
  return problem === undefined ? "unexpected content after JSON" : `invalid JSON: ${problem}`;
}

interface Scanner {
  text: string;
  at: number;
}

/** Passes over a value; returns a description of the first problem in it. */
function value(scanner: Scanner): string | undefined {
  const next = peek(scanner);
  if (next === "{") return list(scanner, "}", member, "after object key:value pair");
  if (next === "[") return list(scanner, "]", value, "after array element");
  if (next === '"') return text(scanner);
  if (/[-\d]/.test(next))
    return match(scanner, number) ? undefined : problemAt(scanner, "in numeric literal");
  const literal = ["true", "false", "null"].find((word) => word.startsWith(next));
  if (next === "" || literal === undefined) return problemAt(scanner, "looking for beginning of value");
  return word(scanner, literal);
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Passes over the items of an object or array. */
function list(
  scanner: Scanner,
  end: string,
  item: (scanner: Scanner) => string | undefined,
  where: string,
): string | undefined {
  scanner.at++;
  if (take(scanner, end)) return undefined;
  for (;;) {
    const problem = item(scanner);
    if (problem !== undefined) return problem;
    if (take(scanner, end)) return undefined;
    if (!take(scanner, ",")) return problemAt(scanner, where);
  }
}

function member(scanner: Scanner): string | undefined {
  if (peek(scanner) !== '"') return problemAt(scanner, "looking for beginning of object key string");
  const problem = text(scanner);
  if (problem !== undefined) return problem;
  return take(scanner, ":") ? value(scanner) : problemAt(scanner, "after object key");
}

function text(scanner: Scanner): string | undefined {
  scanner.at++;
  match(scanner, characters);
  if (scanner.text[scanner.at] === '"') {
    scanner.at++;
    return undefined;
  }
  const isEscape = scanner.text[scanner.at] === "\\";
  if (isEscape) scanner.at++;
  return problemAt(scanner, isEscape ? "in string escape code" : "in string literal");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON's strings have none of them
const characters = /(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/y;

function word(scanner: Scanner, literal: string): string | undefined {
  for (const character of literal) {
    if (scanner.text[scanner.at] !== character) {
      return problemAt(scanner, `in literal ${literal} (expecting '${character}')`);
    }
    scanner.at++;
  }
  return undefined;
}

function problemAt({ text, at }: Scanner, where: string): string {
  const character = text.codePointAt(at);
  if (character === undefined) return "unexpected EOF";
  const shown = JSON.stringify(String.fromCodePoint(character)).slice(1, -1).replace('\\"', '"');
  return `invalid character '${shown}' ${where}`;
}

/** Passes over white space and returns the next character, or "". */
function peek(scanner: Scanner): string {
  match(scanner, space);
  return scanner.text[scanner.at] ?? "";
}

const space = /[ \t\r\n]*/y;

function take(scanner: Scanner, character: string): boolean {
  if (peek(scanner) !== character) return false;
  scanner.at++;
  return true;
}

/** Passes over what a sticky pattern matches. */
function match(scanner: Scanner, pattern: RegExp): boolean {
  pattern.lastIndex = scanner.at;
  const matches = pattern.test(scanner.text);
  if (matches) scanner.at = pattern.lastIndex;
  return matches;
}
