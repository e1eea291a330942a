import { type CharacterTest, type Cursor, characters, invalidPattern } from "./pattern-text.ts";

/** Tests for the letters, digits and underscore of ASCII. */
export const isWord = testFor(/\w/);

const classEscapes: Record<string, CharacterTest> = {
  d: testFor(/\d/),
  D: testFor(/\D/),
  s: testFor(/[\t\n\f\r ]/),
  S: testFor(/[^\t\n\f\r ]/),
  w: isWord,
  W: testFor(/\W/),
};

const controlEscapes: Record<string, number> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

const posixClasses: Record<string, CharacterTest> = {
  alnum: testFor(/[0-9A-Za-z]/),
  alpha: testFor(/[A-Za-z]/),
  blank: testFor(/[\t ]/),
  cntrl: testFor(/[^ -~\x80-\uffff]/),
  digit: testFor(/\d/),
  graph: testFor(/[!-~]/),
  lower: testFor(/[a-z]/),
  print: testFor(/[ -~]/),
  punct: testFor(/[!-/:-@[-`{-~]/),
  space: testFor(/[\t-\r ]/),
  upper: testFor(/[A-Z]/),
  word: isWord,
  xdigit: testFor(/[0-9A-Fa-f]/),
};

function testFor(character: RegExp): CharacterTest {
  return (code) => character.test(String.fromCharCode(code));
}

/** An escape: one character, or a class of characters. */
export type Escape = { code: number } | { test: CharacterTest };

/** Parses the rest of an escape, after the backslash. */
export function parseEscape(cursor: Cursor): Escape {
  const name = cursor.text[cursor.at++] ?? "";
  if (Object.hasOwn(classEscapes, name)) return { test: classEscapes[name] ?? isWord };
  if (Object.hasOwn(controlEscapes, name)) return { code: controlEscapes[name] ?? 0 };
  if (name === "x") {
    const [whole = "", short, long] =
      /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,4})\})/.exec(cursor.text.slice(cursor.at, cursor.at + 6)) ?? [];
    if (whole === "") throw invalidPattern(cursor.text);
    cursor.at += whole.length;
    return { code: Number.parseInt(short ?? long ?? "", 16) };
  }
  // Like Go, refuses an escaped letter or digit without a special meaning.
  if (name === "" || /[0-9A-Za-z]/.test(name)) throw invalidPattern(cursor.text);
  return { code: name.charCodeAt(0) };
}

/** Parses a bracket expression, after its opening bracket. */
export function parseClass(cursor: Cursor): CharacterTest {
  const negated = cursor.text[cursor.at] === "^";
  if (negated) cursor.at++;
  const tests: CharacterTest[] = [];
  // A closing bracket at the first position is an ordinary character.
  do tests.push(parseClassItem(cursor));
  while (cursor.text[cursor.at] !== "]");
  cursor.at++;
  return (code) => tests.some((test) => test(code)) !== negated;
}

/** Parses a character, a range, an escape or `[:name:]`. */
function parseClassItem(cursor: Cursor): CharacterTest {
  const [whole, not = "", name = ""] =
    /^\[:(\^?)([a-z]{1,10}):\]/.exec(cursor.text.slice(cursor.at, cursor.at + 15)) ?? [];
  if (whole !== undefined) {
    const test = Object.hasOwn(posixClasses, name) ? posixClasses[name] : undefined;
    if (test === undefined) throw invalidPattern(cursor.text);
    cursor.at += whole.length;
    return not === "" ? test : (code) => !test(code);
  }
  const first = parseClassCharacter(cursor);
  if ("test" in first) return first.test;
  const ranges = cursor.text[cursor.at] === "-" && cursor.text[cursor.at + 1] !== "]";
  if (!ranges) return characters(first.code, first.code, cursor.ignoreCase);
  cursor.at++;
  const last = parseClassCharacter(cursor);
  if ("test" in last || last.code < first.code) throw invalidPattern(cursor.text);
  return characters(first.code, last.code, cursor.ignoreCase);
}

function parseClassCharacter(cursor: Cursor): Escape {
  const character = cursor.text[cursor.at++];
  if (character === undefined) throw invalidPattern(cursor.text);
  return character === "\\" ? parseEscape(cursor) : { code: character.charCodeAt(0) };
}
