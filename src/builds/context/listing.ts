import { posix } from "node:path";

export type EntryKind = "file" | "directory" | "link" | "other";

export interface ListedFile {
  kind: EntryKind;
  /** Where a link leads, as far as that is known. */
  target?: string;
}

/** The names below a directory: paths without a slash at either end, the directory itself as nothing. */
export interface Listing<Entry extends ListedFile = ListedFile> {
  /** In the order of the names. */
  entries: Map<string, Entry>;
  /** Paths that are there but left out. */
  ignored: string[];
}

/** As many links as the kernel follows in one path. */
const mostLinks = 40;

/** The entry that a path leads to, links followed as if the directory were the root; nothing when there is none. */
export function followLinks({ entries }: Listing, path: string): string | undefined {
  const look = (name: string) => {
    const entry = entries.get(name);
    return entry?.kind === "link" ? entry : entry && {};
  };
  return followPath(path, look, () => undefined);
}

/**
 * Where a path leads in a directory that is the root of everything for it: links are followed, but never out. The
 * path that comes back has no link in it; nothing when there is nothing. `look` tells what a path without links is,
 * `tire` what comes of too many links.
 */
export function followPath(
  path: string,
  look: (path: string) => { target?: string } | undefined,
  tire: () => undefined,
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
    const found = look(next);
    if (!found) return undefined;
    const { target } = found;
    if (target === undefined) {
      done = next;
      continue;
    }
    if (++links > mostLinks) return tire();
    if (target.startsWith("/")) done = "";
    rest = [...target.split("/"), ...rest];
  }
  return done;
}

/** Everything below a directory, its own path cut off. */
export function* below<Entry extends ListedFile>(
  { entries }: Listing<Entry>,
  directory: string,
): Generator<[string, Entry]> {
  const prefix = directory === "" ? "" : `${directory}/`;
  for (const [path, entry] of entries) {
    if (path !== "" && path.startsWith(prefix)) yield [path.slice(prefix.length), entry];
  }
}
