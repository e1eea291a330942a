import { posix } from "node:path";
import { invalidArgument } from "./errors.ts";
import { compileDeepGlob, compileGlob } from "./glob.ts";

/** Tests whether a path is excluded. */
export type Ignores = ((path: string) => boolean) & {
  /** Tests whether everything below an excluded directory is excluded, because no pattern can include it again. */
  wholly(directory: string): boolean;
};

/** Parses a `.dockerignore` into its patterns. */
export function parseIgnoreFile(text: string): string[] {
  return text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .flatMap((line) => {
      if (line.startsWith("#")) return [];
      const [, not = "", rest = ""] = /^(!?)\s*([\s\S]*)$/.exec(line.trim()) ?? [];
      if (rest === "") return not === "" ? [] : [not];
      const clean = cleanPath(rest);
      return [not + (clean.length > 1 ? clean.replace(/^\//, "") : clean)];
    });
}

/**
 * Compiles patterns with Docker's rules: they are relative to the root of the context, `**` matches any number of
 * directories, and the last pattern that matches a path or one of its parents decides. `!` includes a path again.
 */
export function compileIgnorePatterns(patterns: string[]): Ignores {
  const rules = patterns.flatMap((pattern) => compileRule(pattern) ?? []);
  const ignores = (path: string) => {
    if (rules.length === 0) return false;
    const paths = pathAndParents(path);
    let ignored = false;
    for (const rule of rules) {
      if (rule.includes === ignored && paths.some((one) => rule.matches.test(one))) ignored = !rule.includes;
    }
    return ignored;
  };
  const wholly = (directory: string) =>
    !rules.some((rule) => rule.includes && reachesBelow(rule.segments, directory.split("/")));
  return Object.assign(ignores, { wholly });
}

interface Rule {
  includes: boolean;
  matches: RegExp;
  segments: string[];
}

function compileRule(text: string): Rule | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  const clean = cleanPath(trimmed);
  const includes = clean.startsWith("!");
  const pattern = includes ? clean.slice(1) : clean;
  if (pattern === "") throw invalidArgument('illegal exclusion pattern: "!"');
  return { includes, matches: compileDeepGlob(pattern), segments: pattern.split("/") };
}

/** Tests whether a pattern can match something below a directory. */
function reachesBelow(pattern: string[], directory: string[]): boolean {
  for (const [at, segment] of directory.entries()) {
    const wanted = pattern[at];
    if (wanted === undefined) return false;
    if (wanted.includes("**")) return true;
    if (!compileGlob(wanted).test(segment)) return false;
  }
  return true;
}

/** Returns `a/b/c`, `a`, `a/b` for `a/b/c`. */
function pathAndParents(path: string): string[] {
  const parts = path.split("/");
  return [path, ...parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"))];
}

function cleanPath(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, "");
}
