import { TboxError } from "./errors.ts";

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

function globSource(pattern: string, depth: "shallow" | "deep"): string {
  let source = "";
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*" && depth === "deep" && characters[at + 1] === "*") {
      at++;
      if (characters[at + 1] === "/") at++;
      source += at + 1 === characters.length ? ".*" : "(?:.*/)?";
    } else if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const set = readSet(characters, at + 1, pattern);
      source += set.source;
      at = set.end;
    } else if (character === "\\") {
      const next = characters[++at];
      if (next === undefined) throw malformed(pattern);
      source += escapeRegExp(next);
    } else source += escapeRegExp(character);
  }
  return source;
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
  return new TboxError("invalid-argument", `syntax error in pattern ${JSON.stringify(pattern)}`);
}
