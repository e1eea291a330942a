import { invalidArgument } from "#support/errors.ts";
import { trimEnd } from "./whitespace.ts";

const known = ["syntax", "escape", "check"];

/** Reads the parser directives at the head of a Dockerfile. */
export interface Directives {
  escape: "\\" | "`";
  /** Value of `check`. */
  check?: string;
  /** Whether a line is a directive. The first that is none ends them. */
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
      return true;
    },
  };
  return directives;
}
