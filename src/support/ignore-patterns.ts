import { posix } from "node:path";
import { invalidArgument } from "./errors.ts";
import { compileDeepGlob, compileGlob } from "./glob.ts";

/** Whether a path is left out. */
export type Ignores = ((path: string) => boolean) & {
  /** Whether nothing below a directory that is left out can be taken in again. */
  wholly(directory: string): boolean;
};

/** Reads the patterns of a `.dockerignore`. */
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
 * Compiles patterns as Docker reads them: relative to the root of the context, `**` for any number of
 * directories, the last one that matches a path or a directory above it decides, `!` takes in again.
 */
export function compileIgnorePatterns(patterns: string[]): Ignores {
  const rules = patterns.flatMap((pattern) => compileRule(pattern) ?? []);
  const ignores = (path: string) => {
    if (rules.length === 0) return false;
    const paths = pathAndParents(path);
    let ignored = false;
    for (const rule of rules) {
      if (rule.takesIn === ignored && paths.some((one) => rule.matches.test(one))) ignored = !rule.takesIn;
    }
    return ignored;
  };
  const wholly = (directory: string) =>
    !rules.some((rule) => rule.takesIn && reachesBelow(rule.segments, directory.split("/")));
  return Object.assign(ignores, { wholly });
}

interface Rule {
  takesIn: boolean;
  matches: RegExp;
  segments: string[];
}

function compileRule(text: string): Rule | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  const clean = cleanPath(trimmed);
  const takesIn = clean.startsWith("!");
  const pattern = takesIn ? clean.slice(1) : clean;
  if (pattern === "") throw invalidArgument('illegal exclusion pattern: "!"');
  return { takesIn, matches: compileDeepGlob(pattern), segments: pattern.split("/") };
}

/** Whether a pattern can match something below a directory. */
function reachesBelow(pattern: string[], directory: string[]): boolean {
  for (const [at, segment] of directory.entries()) {
    const wanted = pattern[at];
    if (wanted === undefined) return false;
    if (wanted.includes("**")) return true;
    if (!compileGlob(wanted).test(segment)) return false;
  }
  return true;
}

/** `a/b/c`, `a`, `a/b`. */
function pathAndParents(path: string): string[] {
  const parts = path.split("/");
  return [path, ...parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"))];
}

function cleanPath(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, "");
}
