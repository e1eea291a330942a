import { invalidArgument, type TboxError } from "./errors.ts";

/**
 * Compiles a shell pattern with the rules of Go's `filepath.Match`, which Docker uses: `*` and `?` stop at slashes,
 * `[^…]` negates, a backslash escapes. The pattern matches the whole path.
 */
export function compileGlob(pattern: string): RegExp {
  return new RegExp(`^${globSource(pattern, "shallow")}$`, "su");
}

/** Compiles a pattern in which `**` also matches any number of directories, as in a `.dockerignore`. */
export function compileDeepGlob(pattern: string): RegExp {
  const ending = readEnding(pattern);
  if (ending) return new RegExp(`^${joined(ending)}$`, "su");
  return new RegExp(`^${globSource(pattern, "deep")}$`, "su");
}

/** Returns the parts of a pattern for `compileDeepGlob`, for a matcher that does not use regular expressions. */
export function deepGlobParts(pattern: string): GlobPart[] {
  const tokens = readEnding(pattern) ?? readTokens(pattern, "deep");
  return tokens.map(({ kind, text }) => ({ kind, text }));
}

/** Reads a leading `**` before text without wildcards, which may end inside a name; nothing for another pattern. */
function readEnding(pattern: string): Token[] | undefined {
  const [, end] = /^\*\*([^*?[\]\\]*)$/.exec(pattern) ?? [];
  if (end === undefined) return undefined;
  const text = end.replace(/^\//, "");
  const literal = [...text].map(escapeRegExp).join("");
  const start: Token = end.startsWith("/")
    ? { kind: "deep", text: "", source: "(?:.*/)?" }
    : { kind: "rest", text: "", source: ".*" };
  return [start, { kind: "text", text, source: literal }];
}

const slash = escapeRegExp("/");

/** A part of a pattern. */
export interface GlobPart {
  /**
   * `text`; `one` character of a name; a character of a `set` or `other` than those of a set; `star`, any number of
   * characters within a name; `deep`, nothing or any text that ends with a slash; `rest`, any text.
   */
  kind: "text" | "one" | "set" | "other" | "star" | "deep" | "rest";
  /** The text, or the first and the last characters of a set's ranges one after the other. */
  text: string;
}

/** A part, and the source of a regular expression for it. */
interface Token extends GlobPart {
  source: string;
}

function globSource(pattern: string, depth: "shallow" | "deep"): string {
  const groups = { count: 0 };
  const [first, ...others] = splitBefore(
    readTokens(pattern, depth),
    ({ kind }) => kind === "deep" || kind === "rest",
  );
  const parts = others.map((part, index) => {
    const source = (part[0]?.source ?? "") + namesSource(part.slice(1), groups);
    return index < others.length - 1 ? withoutBacktracking(source, groups) : source;
  });
  return namesSource(first ?? [], groups) + parts.join("");
}

/** Compiles tokens without `**`, name by name. */
function namesSource(tokens: Token[], groups: { count: number }): string {
  return splitBefore(tokens, ({ source }) => source === slash)
    .map((name) => {
      const [first = [], ...others] = splitBefore(name, ({ kind }) => kind === "star");
      const parts = others.map((part, index) => {
        const source = joined(part);
        return index < others.length - 1 ? withoutBacktracking(source, groups) : source;
      });
      return joined(first) + parts.join("");
    })
    .join("");
}

/**
 * Wraps a source so that it matches at the first possible position only, without backtracking. A later position is
 * never better, because another star of the same kind follows. Backtracking would multiply the time with every star.
 */
function withoutBacktracking(source: string, groups: { count: number }): string {
  const name = `g${groups.count++}`;
  return `(?=(?<${name}>${source}))\\k<${name}>`;
}

function joined(tokens: Token[]): string {
  return tokens.map(({ source }) => source).join("");
}

/** Splits a list before every token that passes the test. */
function splitBefore(tokens: Token[], begins: (token: Token) => boolean): Token[][] {
  const pieces: Token[][] = [[]];
  for (const token of tokens) {
    if (begins(token)) pieces.push([]);
    pieces.at(-1)?.push(token);
  }
  return pieces;
}

function readTokens(pattern: string, depth: "shallow" | "deep"): Token[] {
  const tokens: Token[] = [];
  const add = (kind: Token["kind"], source: string, text = "") => tokens.push({ kind, source, text });
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*" && depth === "deep" && characters[at + 1] === "*") {
      at++;
      if (characters[at + 1] === "/") at++;
      if (at + 1 === characters.length) add("rest", ".*");
      else add("deep", "(?:.*?/)??");
    } else if (character === "*") add("star", "[^/]*?");
    else if (character === "?") add("one", "[^/]");
    else if (character === "[") {
      const { token, end } = readSet(characters, at + 1, pattern);
      tokens.push(token);
      at = end;
    } else if (character === "\\") {
      const next = characters[++at];
      if (next === undefined) throw malformed(pattern);
      add("text", escapeRegExp(next), next);
    } else add("text", escapeRegExp(character), character);
  }
  return tokens;
}

/** Reads a set from after the opening bracket to the closing bracket. */
function readSet(characters: string[], start: number, pattern: string): { token: Token; end: number } {
  let at = start;
  const negated = characters[at] === "^";
  if (negated) at++;
  let [source, text] = ["", ""];
  const read = (): string => {
    let character = characters[at++];
    if (character === undefined || character === "-" || character === "]") throw malformed(pattern);
    if (character === "\\") character = characters[at++];
    if (character === undefined) throw malformed(pattern);
    return character;
  };
  const first = at;
  while (characters[at] !== "]" || at === first) {
    const low = read();
    let high = low;
    if (characters[at] === "-") {
      at++;
      high = read();
    }
    // A range from high to low is empty.
    if (low > high) continue;
    source += `${escapeInSet(low)}-${escapeInSet(high)}`;
    text += low + high;
  }
  const token: Token = negated
    ? { kind: "other", text, source: `[^${source}]` }
    : { kind: "set", text, source: `[${source}]` };
  return { token, end: at };
}

export function escapeRegExp(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

function escapeInSet(character: string): string {
  return character === "-" ? "\\-" : escapeRegExp(character);
}

function malformed(pattern: string): TboxError {
  return invalidArgument(`syntax error in pattern ${JSON.stringify(pattern)}`);
}
