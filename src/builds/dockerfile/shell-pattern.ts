import { invalidArgument } from "#support/errors.ts";
import { escapeRegExp } from "#support/glob.ts";

/** Removes the shortest or longest match of a shell pattern from the front or the back of a value. */
export function cutMatch(
  value: string,
  pattern: string,
  { side, longest }: { side: "front" | "back"; longest: boolean },
): string {
  checkLength(value);
  if (side === "front") {
    const found = patternToRegExp(pattern, { longest, anchored: true }).exec(value);
    return found ? value.slice(found[0].length) : value;
  }
  // A regular expression finds the leftmost match. Reversing the value and the pattern finds the match at the end.
  const mirrored = cutMatch(mirror(value), mirrorPattern(pattern), { side: "front", longest });
  return mirror(mirrored);
}

/** Replaces the first match of a shell pattern, or every match. */
export function replaceMatch(
  value: string,
  pattern: string,
  { replacement, every }: { replacement: string; every: boolean },
): string {
  checkLength(value);
  const regExp = patternToRegExp(pattern, { longest: true, anchored: false, every });
  return value.replace(regExp, () => replacement);
}

/** Longest searched value. The search time grows with its square. */
const mostText = 16 * 1024;

/** Compiles a shell pattern with `*` and `?`, without brackets (POSIX 2.13). */
function patternToRegExp(
  pattern: string,
  { longest, anchored, every = false }: { longest: boolean; anchored: boolean; every?: boolean },
): RegExp {
  const [first = "", ...others] = splitAtStars(pattern);
  // Any match between two stars suffices. The look-ahead keeps the first one and prevents backtracking.
  const middle = others.slice(0, -1).map((part, index) => `(?=(?<g${index}>.*?${part}))\\k<g${index}>`);
  const last = others.length === 0 ? "" : `${longest ? ".*" : ".*?"}${others.at(-1)}`;
  return new RegExp(`${anchored ? "^" : ""}${first}${middle.join("")}${last}`, every ? "gu" : "u");
}

/** Returns the parts between the stars as regular expressions. */
function splitAtStars(pattern: string): string[] {
  const parts = [""];
  const add = (source: string) => parts.push(`${parts.pop() ?? ""}${source}`);
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*") parts.push("");
    else if (character === "?") add(".");
    else if (character === "\\") {
      const next = characters[at + 1];
      // Inside `${}`, a brace or slash must be escaped. This escape is not part of the pattern.
      if (next === "}" || next === "/") continue;
      if (next !== "*" && next !== "?" && next !== "\\") {
        throw invalidArgument(
          `invalid pattern (${pattern}) in substitution: invalid escape '\\${next ?? ""}'`,
        );
      }
      add(`\\${next}`);
      at++;
    } else add(escapeRegExp(character));
  }
  return parts;
}

function checkLength(value: string): void {
  if (value.length <= mostText) return;
  throw invalidArgument(`a value of more than ${mostText} characters cannot be searched`);
}

function mirror(text: string): string {
  return [...text].reverse().join("");
}

/** Reverses a pattern; each escape stays before its character. */
function mirrorPattern(pattern: string): string {
  const pieces = pattern.match(/\\[\s\S]|[\s\S]/gu) ?? [];
  return pieces.reverse().join("");
}
