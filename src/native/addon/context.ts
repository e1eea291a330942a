import type { GlobPart } from "#support/glob.ts";
import { addon } from "./addon.ts";

/** A pattern that excludes files of a context, or includes them again. */
export interface ContextRule {
  includes: boolean;
  parts: GlobPart[];
}

/**
 * The files of a tree without the excluded ones. They are outside the JavaScript heap, where the garbage collector does not
 * see their size, so the owner releases them. Paths are relative texts of `#support/file-name.ts`.
 */
export interface ContextListing {
  /** Returns another reference, which is released on its own. */
  share(): ContextListing;
  /** Releases the reference, which is empty afterwards. */
  release(): void;
  /** Returns the number of entries. */
  count(): number;
  /** Returns the existing but excluded paths. */
  ignored(): string[];
  find(path: string): ContextEntry | null;
  /** Returns the paths of some entries below a directory, after the first `from`; none at the end. */
  below(directory: string, from: number): string[];
  /**
   * Returns the digest of the file or the directory tree at a path, without the paths in `skip`, which are relative to the
   * directory; null for a path that is not in the listing. Reads only files whose digests are not known. `root` and `owned`
   * are those of the scan.
   */
  digest(root: number, owned: boolean, path: string, skip: string[]): Promise<string | null>;
}

export interface ContextEntry {
  kind: "file" | "directory" | "link" | "other";
  /** Target of a link. */
  target?: string;
}

/**
 * Lists the tree at a descriptor. `owned` states that no other program can change the tree. Digests of `earlier`, a listing
 * of the same tree, are taken over for the files that have not changed since.
 */
export function scanContext(options: {
  root: number;
  owned: boolean;
  rules: ContextRule[];
  earlier?: ContextListing | undefined;
}): Promise<ContextListing> {
  return addon().scanContext(options.root, options.owned, options.rules, options.earlier ?? null);
}
