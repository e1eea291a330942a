import { invalidArgument } from "#support/errors.ts";
import { trimEnd } from "./whitespace.ts";

const known = ["syntax", "escape", "check"];

/** Parser directives at the start of a Dockerfile. */
export interface Directives {
  escape: "\\" | "`";
  /** Value of the directive `check`. */
  check?: string;
  /** Value of the directive `syntax`: the image of a front end. */
  syntax?: string;
  /** Reads a line; returns whether it is a directive. The first other line ends the directives. */
  take(line: string): boolean;
}

export function openDirectives(): Directives {
  const seen = new Set<string>();
  let done = false;
  const directives: Directives = {
    escape: "\\",
    take(line) {
      if (done) return false;
      const [start = "", word = ""] = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*/.exec(line) ?? [];
      const value = trimEnd(line.slice(start.length));
      const name = word.toLowerCase();
      if (!known.includes(name) || value === "") {
        done = true;
        return false;
      }
      if (seen.has(name)) throw invalidArgument(`only one ${name} parser directive can be used`);
      seen.add(name);
      if (name === "escape") {
        if (value !== "\\" && value !== "`") {
          throw invalidArgument(`invalid escape token '${value}' does not match \` or \\`);
        }
        directives.escape = value;
      }
      if (name === "check") directives.check = value;
      if (name === "syntax") directives.syntax = value;
      return true;
    },
  };
  return directives;
}

/** Returns the value of the directive `syntax` of a Dockerfile. */
export function syntaxOf(text: string): string | undefined {
  const directives = openDirectives();
  for (const line of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    if (!directives.take(line)) break;
  }
  return directives.syntax;
}
