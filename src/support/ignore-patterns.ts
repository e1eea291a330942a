import { posix } from "node:path";
import { invalidArgument } from "./errors.ts";
import { compileDeepGlob, deepGlobParts, type GlobPart } from "./glob.ts";

/** Tests whether a path is excluded. */
export type Ignores = ((path: string) => boolean) & {
  /** The patterns in order, for a matcher that does not use regular expressions. */
  rules: { includes: boolean; parts: GlobPart[] }[];
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
  return Object.assign(ignores, { rules });
}

interface Rule {
  includes: boolean;
  matches: RegExp;
  parts: GlobPart[];
}

function compileRule(text: string): Rule | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  const clean = cleanPath(trimmed);
  const includes = clean.startsWith("!");
  const pattern = includes ? clean.slice(1) : clean;
  if (pattern === "") throw invalidArgument('illegal exclusion pattern: "!"');
  return { includes, matches: compileDeepGlob(pattern), parts: deepGlobParts(pattern) };
}

/** Returns `a/b/c`, `a`, `a/b` for `a/b/c`. */
function pathAndParents(path: string): string[] {
  const parts = path.split("/");
  return [path, ...parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"))];
}

function cleanPath(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, "");
}
