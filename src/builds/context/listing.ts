import { posix } from "node:path";

export type EntryKind = "file" | "directory" | "link" | "other";

export interface ListedFile {
  kind: EntryKind;
  /** Target of a link, if known. */
  target?: string;
}

/** The files below a directory. Paths have no leading or trailing slash; the directory itself is the empty path. */
export interface Listing {
  find(path: string): ListedFile | undefined;
  /** Yields the paths below a directory, each directory before its entries. */
  below(directory: string): Iterable<string>;
  /** Existing but excluded paths. */
  ignored: string[];
}

/** Returns the listing of some entries, which are in the order of `below`. */
export function listingOf(entries: Map<string, ListedFile>): Listing {
  return {
    find: (path) => entries.get(path),
    *below(directory) {
      const prefix = directory === "" ? "" : `${directory}/`;
      for (const path of entries.keys()) if (path !== "" && path.startsWith(prefix)) yield path;
    },
    ignored: [],
  };
}

/** Maximum number of links followed in one path, as in the kernel. */
const mostLinks = 40;

/** Resolves the links of a path as if the directory were the root; returns undefined for a missing entry. */
export function followLinks(listing: Listing, path: string): string | undefined {
  const lookUp = (name: string) => {
    const entry = listing.find(name);
    return entry?.kind === "link" ? entry : entry && {};
  };
  return followPath(path, lookUp, () => undefined);
}

/**
 * Resolves the links of a path as if the top directory were the root, so that no link leads outside. Returns a path
 * without links, or undefined for a missing file. `lookUp` returns the entry at a path without links. `onTooManyLinks`
 * supplies the result if there are too many links.
 */
export function followPath(
  path: string,
  lookUp: (path: string) => { target?: string } | undefined,
  onTooManyLinks: () => undefined,
): string | undefined {
  let links = 0;
  let rest = path.split("/");
  let done = "";
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done = posix.dirname(`/${done}`).slice(1);
      continue;
    }
    const next = done === "" ? part : `${done}/${part}`;
    const found = lookUp(next);
    if (!found) return undefined;
    const { target } = found;
    if (target === undefined) {
      done = next;
      continue;
    }
    if (++links > mostLinks) return onTooManyLinks();
    if (target.startsWith("/")) done = "";
    rest = [...target.split("/"), ...rest];
  }
  return done;
}
