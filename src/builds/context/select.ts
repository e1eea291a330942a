import { posix } from "node:path";
import { TboxError } from "#support/errors.ts";
import { compileDeepGlob, compileGlob } from "#support/glob.ts";
import { compileIgnorePatterns, type Ignores } from "#support/ignore-patterns.ts";
import { below, followLinks, type Listing } from "./listing.ts";

/** One thing to copy: a file, or the content of a directory. */
export interface Selected {
  /** In the tree, without a leading slash. */
  path: string;
  directory: boolean;
  /** Under which it is put below the destination; nothing where the destination is named itself. */
  under?: string;
  /** Left out: paths below it. */
  skip: string[];
}

export interface Selection {
  /** Keeps the directories above a source. */
  parents: boolean;
  exclude: string[];
}

/** Whether a source of COPY is a pattern. */
export function isPattern(source: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[]/.test(source);
}

/** What a source of COPY stands for. A pattern may stand for nothing; a path that is not there is an error. */
export function selectSource(listing: Listing, source: string, selection: Selection): Selected[] {
  const excludes = selection.exclude.length > 0 ? compileIgnorePatterns(selection.exclude) : undefined;
  const found = selection.parents ? withParents(listing, source) : plain(listing, source);
  return found.flatMap(({ path, under }): Selected[] => {
    const real = followLinks(listing, path);
    const entry = real === undefined ? undefined : listing.entries.get(real);
    if (real === undefined || entry === undefined) throw missing(path);
    const placed = under === undefined ? {} : { under };
    if (entry.kind === "directory") {
      return [{ path: real, directory: true, ...placed, skip: skipped(listing, real, excludes) }];
    }
    const excluded = excludes?.(posix.basename(path)) ?? false;
    return excluded ? [] : [{ path: real, directory: false, ...placed, skip: [] }];
  });
}

function plain(listing: Listing, source: string): { path: string; under?: string }[] {
  const path = cleanSource(source);
  if (!isPattern(path)) return [{ path: path.replace(/\\(.)/g, "$1") }];
  const pattern = compileGlob(path);
  return [...listing.entries.keys()].filter((one) => pattern.test(one)).map((one) => ({ path: one }));
}

/** `base/./pattern`: what the pattern matches below the base keeps the directories between. */
function withParents(listing: Listing, source: string): { path: string; under: string }[] {
  const pivot = source.indexOf("/./");
  const base = pivot < 0 ? "" : cleanSource(source.slice(0, pivot));
  const wanted = cleanSource(pivot < 0 ? source : source.slice(pivot + 3));
  const root = followLinks(listing, base);
  if (root === undefined || !listing.entries.has(root)) throw missing(base);
  if (!isPattern(wanted)) {
    const path = posix.join(root, wanted);
    if (!listing.entries.has(path)) throw missing(path);
    return [{ path, under: wanted }];
  }
  const pattern = compileDeepGlob(wanted);
  const matches = [...below(listing, root)].map(([path]) => path).filter((path) => pattern.test(path));
  const taken = new Set(matches);
  return matches
    .filter((path) => !parentsOf(path).some((parent) => taken.has(parent)))
    .map((path) => ({ path: posix.join(root, path), under: path }));
}

function skipped(listing: Listing, directory: string, excludes: Ignores | undefined): string[] {
  const prefix = directory === "" ? "" : `${directory}/`;
  const ignored = listing.ignored
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length));
  if (!excludes) return ignored;
  const paths = [...below(listing, directory)].map(([path]) => path);
  // A directory that is left out may hold what is taken in again.
  const needed = new Set(paths.filter((path) => !excludes(path)).flatMap(parentsOf));
  return [...ignored, ...paths.filter((path) => excludes(path) && !needed.has(path))];
}

/** Relative to the root of the tree, from which nothing leads out. */
function cleanSource(source: string): string {
  return posix.join("/", source).replace(/^\/+|\/+$/g, "");
}

function parentsOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function missing(path: string): TboxError {
  const reason = "file not found in build context or excluded by .dockerignore";
  return new TboxError("not-found", `${reason}: stat ${path}: file does not exist`);
}
