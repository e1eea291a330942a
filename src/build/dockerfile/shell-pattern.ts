import { TboxError } from "#support/errors.ts";

/** Cuts what a shell pattern matches off the front or the back of a value: the shortest or the longest. */
export function cutMatch(
  value: string,
  pattern: string,
  { side, longest }: { side: "front" | "back"; longest: boolean },
): string {
  if (side === "front") {
    const found = patternToRegExp(pattern, { longest, anchored: true }).exec(value);
    return found ? value.slice(found[0].length) : value;
  }
  // A regular expression finds the leftmost match only, so the back is made the front.
  const mirrored = cutMatch(mirror(value), mirrorPattern(pattern), { side: "front", longest });
  return mirror(mirrored);
}

/** Puts a text in place of the first match of a shell pattern, or of every one. */
export function replaceMatch(
  value: string,
  pattern: string,
  { replacement, every }: { replacement: string; every: boolean },
): string {
  const regExp = patternToRegExp(pattern, { longest: true, anchored: false, every });
  return value.replace(regExp, () => replacement);
}

/** `*` and `?` of a shell, without brackets (POSIX 2.13). */
function patternToRegExp(
  pattern: string,
  { longest, anchored, every = false }: { longest: boolean; anchored: boolean; every?: boolean },
): RegExp {
  let source = anchored ? "^" : "";
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*") source += longest ? ".*" : ".*?";
    else if (character === "?") source += ".";
    else if (character === "\\") {
      const next = characters[at + 1];
      // A brace or slash had to be escaped to be written inside `${}`; the escape is not the pattern's.
      if (next === "}" || next === "/") continue;
      if (next !== "*" && next !== "?" && next !== "\\") {
        throw new TboxError(
          "invalid-argument",
          `invalid pattern (${pattern}) in substitution: invalid escape '\\${next ?? ""}'`,
        );
      }
      source += `\\${next}`;
      at++;
    } else source += escapeRegExp(character);
  }
  return new RegExp(source, every ? "gu" : "u");
}

function mirror(text: string): string {
  return [...text].reverse().join("");
}

/** Reversed, with each escape still before what it escapes. */
function mirrorPattern(pattern: string): string {
  const pieces = pattern.match(/\\[\s\S]|[\s\S]/gu) ?? [];
  return pieces.reverse().join("");
}

function escapeRegExp(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}
