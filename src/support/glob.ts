import { invalidArgument, type TboxError } from "./errors.ts";

/**
 * A shell pattern as Go's `filepath.Match` reads it, whose rules Docker's are: `*` and `?` stop at slashes,
 * `[^…]` negates, a backslash takes the next character as it is. Matches the whole path.
 */
export function compileGlob(pattern: string): RegExp {
  return new RegExp(`^${globSource(pattern, "shallow")}$`, "su");
}

/** The same, where `**` stands for any number of directories, as in a `.dockerignore`. */
export function compileDeepGlob(pattern: string): RegExp {
  // Before text without wildcards a `**` need not end at a slash.
  const [, end] = /^\*\*([^*?[\]\\]*)$/.exec(pattern) ?? [];
  if (end !== undefined) {
    const literal = [...end.replace(/^\//, "")].map(escapeRegExp).join("");
    return new RegExp(`^${end.startsWith("/") ? "(?:.*/)?" : ".*"}${literal}$`, "su");
  }
  return new RegExp(`^${globSource(pattern, "deep")}$`, "su");
}

/** One character, any number of them within a name, or any number of directories. */
const slash = escapeRegExp("/");

type Token = { kind: "one" | "star" | "deep"; source: string };

function globSource(pattern: string, depth: "shallow" | "deep"): string {
  const groups = { count: 0 };
  const [first, ...others] = splitBefore(readTokens(pattern, depth), ({ kind }) => kind === "deep");
  const parts = others.map((part, index) => {
    const source = (part[0]?.source ?? "") + namesSource(part.slice(1), groups);
    return index < others.length - 1 ? once(source, groups) : source;
  });
  return namesSource(first ?? [], groups) + parts.join("");
}

/** Without `**`: names, in each of which the stars are by themselves. */
function namesSource(tokens: Token[], groups: { count: number }): string {
  return splitBefore(tokens, ({ source }) => source === slash)
    .map((name) => {
      const [first = [], ...others] = splitBefore(name, ({ kind }) => kind === "star");
      const parts = others.map((part, index) => {
        const source = joined(part);
        return index < others.length - 1 ? once(source, groups) : source;
      });
      return joined(first) + parts.join("");
    })
    .join("");
}

/**
 * What is not tried at a second place when what follows does not fit: as another star of its kind follows, the
 * first place is as good as any. So the time a match takes does not grow with every star.
 */
function once(source: string, groups: { count: number }): string {
  const name = `g${groups.count++}`;
  return `(?=(?<${name}>${source}))\\k<${name}>`;
}

function joined(tokens: Token[]): string {
  return tokens.map(({ source }) => source).join("");
}

/** Pieces of a list, each but the first beginning with an item of that kind. */
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
  const add = (kind: Token["kind"], source: string) => tokens.push({ kind, source });
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*" && depth === "deep" && characters[at + 1] === "*") {
      at++;
      if (characters[at + 1] === "/") at++;
      add("deep", at + 1 === characters.length ? ".*" : "(?:.*?/)??");
    } else if (character === "*") add("star", "[^/]*?");
    else if (character === "?") add("one", "[^/]");
    else if (character === "[") {
      const set = readSet(characters, at + 1, pattern);
      add("one", set.source);
      at = set.end;
    } else if (character === "\\") {
      const next = characters[++at];
      if (next === undefined) throw malformed(pattern);
      add("one", escapeRegExp(next));
    } else add("one", escapeRegExp(character));
  }
  return tokens;
}
/** From behind the bracket to the one that closes it. */
function readSet(characters: string[], start: number, pattern: string): { source: string; end: number } {
  let at = start;
  const negated = characters[at] === "^";
  if (negated) at++;
  let source = "";
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
    // A range from high to low holds nothing.
    if (low <= high) source += `${escapeInSet(low)}-${escapeInSet(high)}`;
  }
  return { source: negated ? `[^${source}]` : `[${source}]`, end: at };
}

function escapeRegExp(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

function escapeInSet(character: string): string {
  return character === "-" ? "\\-" : escapeRegExp(character);
}

function malformed(pattern: string): TboxError {
  return invalidArgument(`syntax error in pattern ${JSON.stringify(pattern)}`);
}
