import { parseClass, parseEscape } from "./character-class.ts";
import { type CharacterTest, type Cursor, characters, invalidPattern } from "./pattern-text.ts";

/** A parsed regular expression. */
export type PatternNode =
  | { type: "character"; test: CharacterTest }
  | { type: "start" }
  | { type: "end" }
  | { type: "word-boundary"; wanted: boolean }
  | { type: "sequence"; parts: PatternNode[] }
  | { type: "choice"; parts: PatternNode[] }
  /** `most` is infinite for `*` and `+`. */
  | { type: "repeat"; part: PatternNode; least: number; most: number };

/** Largest count of a repetition, as in Go. */
const mostRepeats = 1000;

/** Deepest nesting of groups. */
const deepest = 50;

/** Parses a regular expression with the syntax of Go's `regexp`, except Unicode classes and the flags `m` and `U`. */
export function parsePattern(text: string): PatternNode {
  const cursor: Cursor = { text, at: 0, ignoreCase: false, dotAll: false };
  const node = parseChoice(cursor, 0);
  if (cursor.at < text.length) throw invalidPattern(text);
  return node;
}

function parseChoice(cursor: Cursor, depth: number): PatternNode {
  if (depth > deepest) throw invalidPattern(cursor.text);
  const parts = [parseSequence(cursor, depth)];
  while (cursor.text[cursor.at] === "|") {
    cursor.at++;
    parts.push(parseSequence(cursor, depth));
  }
  const [only, ...others] = parts;
  return only !== undefined && others.length === 0 ? only : { type: "choice", parts };
}

function parseSequence(cursor: Cursor, depth: number): PatternNode {
  const parts: PatternNode[] = [];
  for (;;) {
    const next = cursor.text[cursor.at];
    if (next === undefined || next === "|" || next === ")") return { type: "sequence", parts };
    parts.push(parseRepeats(cursor, parseAtom(cursor, depth)));
  }
}

function parseAtom(cursor: Cursor, depth: number): PatternNode {
  const character = cursor.text[cursor.at++] ?? "";
  switch (character) {
    case "(":
      return parseGroup(cursor, depth);
    case "[":
      return { type: "character", test: parseClass(cursor) };
    case ".": {
      const { dotAll } = cursor;
      return { type: "character", test: (code) => dotAll || code !== 10 };
    }
    case "^":
      return { type: "start" };
    case "$":
      return { type: "end" };
    case "\\":
      return parseEscaped(cursor);
    case "*":
    case "+":
    case "?":
      throw invalidPattern(cursor.text);
    default:
      return literal(character.charCodeAt(0), cursor);
  }
}

function parseEscaped(cursor: Cursor): PatternNode {
  const next = cursor.text[cursor.at] ?? "";
  const anchors: Record<string, PatternNode> = {
    A: { type: "start" },
    z: { type: "end" },
    b: { type: "word-boundary", wanted: true },
    B: { type: "word-boundary", wanted: false },
  };
  const anchor = Object.hasOwn(anchors, next) ? anchors[next] : undefined;
  if (anchor !== undefined) {
    cursor.at++;
    return anchor;
  }
  const parsed = parseEscape(cursor);
  return "test" in parsed ? { type: "character", test: parsed.test } : literal(parsed.code, cursor);
}

function literal(code: number, { ignoreCase }: Cursor): PatternNode {
  return { type: "character", test: characters(code, code, ignoreCase) };
}

/** Parses `(…)`, `(?:…)`, `(?P<name>…)`, `(?i:…)` and `(?i)`. The flags of `(?i)` apply until the end of the group. */
function parseGroup(cursor: Cursor, depth: number): PatternNode {
  const [head = "", flags = "", off = "", closing] =
    /^\?(?:P?<\w+>|([is]*)(?:-([is]*))?([:)]))/.exec(cursor.text.slice(cursor.at)) ?? [];
  if (head === "" && cursor.text[cursor.at] === "?") throw invalidPattern(cursor.text);
  cursor.at += head.length;
  const { ignoreCase, dotAll } = cursor;
  cursor.ignoreCase = (ignoreCase || flags.includes("i")) && !off.includes("i");
  cursor.dotAll = (dotAll || flags.includes("s")) && !off.includes("s");
  if (closing === ")") return { type: "sequence", parts: [] };
  const node = parseChoice(cursor, depth + 1);
  if (cursor.text[cursor.at++] !== ")") throw invalidPattern(cursor.text);
  Object.assign(cursor, { ignoreCase, dotAll });
  return node;
}

/** Parses the repetition after a part, if there is one. A lazy repetition matches the same texts as a greedy one. */
function parseRepeats(cursor: Cursor, part: PatternNode): PatternNode {
  const [whole, sign, low, comma, high] =
    /^(?:([*+?])|\{(\d{1,4})(,)?(\d{1,4})?\})\??/.exec(cursor.text.slice(cursor.at)) ?? [];
  if (whole === undefined) return part;
  cursor.at += whole.length;
  // Go refuses `a**`.
  if (/[*+?]/.test(cursor.text[cursor.at] ?? "")) throw invalidPattern(cursor.text);
  if (sign !== undefined) {
    return { type: "repeat", part, least: sign === "+" ? 1 : 0, most: sign === "?" ? 1 : Infinity };
  }
  const least = Number(low);
  const most = comma === undefined ? least : high === undefined ? Infinity : Number(high);
  const counted = most === Infinity ? least : most;
  if ((comma === undefined && high !== undefined) || most < least || counted > mostRepeats) {
    throw invalidPattern(cursor.text);
  }
  return { type: "repeat", part, least, most };
}
