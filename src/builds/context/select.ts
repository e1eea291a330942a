import { posix } from "node:path";
import { TboxError } from "#support/errors.ts";
import { compileDeepGlob, compileGlob } from "#support/glob.ts";
import { compileIgnorePatterns, type Ignores } from "#support/ignore-patterns.ts";
import { followLinks, type Listing } from "./listing.ts";

/** A file, or a directory whose content is copied. */
export interface Selected {
  /** Path in the tree, without a leading slash. If the last part is a link, the copy gets the name of the link. */
  path: string;
  /** Path without links. */
  real: string;
  directory: boolean;
  /** Path below the destination; absent when the destination itself is the target. */
  under?: string;
  /** Excluded paths below the file or directory. */
  skip: string[];
}

export interface Selection {
  /** Whether the parent directories of a source are kept. */
  parents: boolean;
  exclude: string[];
}

/** Tests for a wildcard in a source of COPY. */
export function isPattern(source: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[]/.test(source);
}

/** Selects the files of a source of COPY. A pattern may match nothing; a missing path throws not-found. */
export function selectSource(listing: Listing, source: string, selection: Selection): Selected[] {
  const excludes = selection.exclude.length > 0 ? compileIgnorePatterns(selection.exclude) : undefined;
  const found = selection.parents ? withParents(listing, source) : plain(listing, source);
  return found.flatMap(({ path, under }): Selected[] => {
    const real = followLinks(listing, path);
    const entry = real === undefined ? undefined : listing.find(real);
    if (real === undefined || entry === undefined) throw missing(path);
    const placed = under === undefined ? {} : { under };
    if (entry.kind === "directory") {
      return [{ path, real, directory: true, ...placed, skip: skipped(listing, real, excludes) }];
    }
    const excluded = excludes?.(posix.basename(path)) ?? false;
    return excluded ? [] : [{ path, real, directory: false, ...placed, skip: [] }];
  });
}

function plain(listing: Listing, source: string): { path: string; under?: string }[] {
  const path = cleanSource(source);
  if (!isPattern(path)) return [{ path: path.replace(/\\(.)/g, "$1") }];
  const pattern = compileGlob(path);
  const matches: { path: string }[] = [];
  // The root of the tree has no name that a pattern could match.
  for (const one of listing.below("")) if (pattern.test(one)) matches.push({ path: one });
  return matches;
}

/** Selects the files of `base/./pattern`. A match keeps its parent directories below the base, which may be a pattern. */
function withParents(listing: Listing, source: string): { path: string; under: string }[] {
  const pivot = source.indexOf("/./");
  const base = pivot < 0 ? "" : cleanSource(source.slice(0, pivot));
  const wanted = cleanSource(pivot < 0 ? source : source.slice(pivot + 3));
  if (!isPattern(base)) return belowBase(listing, base, wanted);
  const pattern = compileDeepGlob(base);
  const bases = [...listing.below("")].filter((path) => pattern.test(path));
  return bases
    .filter((path) => listing.find(followLinks(listing, path) ?? path)?.kind === "directory")
    .flatMap((path) =>
      isPattern(wanted) || holds(listing, path, wanted) ? belowBase(listing, path, wanted) : [],
    );
}

/** Returns whether a base has the file. Directories that match the base's pattern need not have it. */
function holds(listing: Listing, base: string, wanted: string): boolean {
  return listing.find(posix.join(followLinks(listing, base) ?? base, wanted)) !== undefined;
}

function belowBase(listing: Listing, base: string, wanted: string): { path: string; under: string }[] {
  const root = followLinks(listing, base);
  if (root === undefined || !listing.find(root)) throw missing(base);
  if (!isPattern(wanted)) {
    const path = posix.join(root, wanted);
    if (!listing.find(path)) throw missing(path);
    return [{ path, under: wanted }];
  }
  const pattern = compileDeepGlob(wanted);
  const matches = [...pathsBelow(listing, root)].filter((path) => pattern.test(path));
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
  const paths = [...pathsBelow(listing, directory)];
  // An excluded directory may contain files that a later pattern includes again.
  const needed = new Set(paths.filter((path) => !excludes(path)).flatMap(parentsOf));
  return [...ignored, ...paths.filter((path) => excludes(path) && !needed.has(path))];
}

/** Yields the paths below a directory, relative to it. */
function* pathsBelow(listing: Listing, directory: string): Generator<string> {
  const length = directory === "" ? 0 : directory.length + 1;
  for (const path of listing.below(directory)) yield path.slice(length);
}

/** Normalizes a source to a path relative to the root of the tree; `..` never leaves the root. */
function cleanSource(source: string): string {
  return posix.join("/", source).replace(/^\/+|\/+$/g, "");
}

/** Returns the directories that contain a path, outermost first, without the root. */
export function parentsOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function missing(path: string): TboxError {
  const reason = "file not found in build context or excluded by .dockerignore";
  return new TboxError("not-found", `${reason}: stat ${path}: file does not exist`);
}
