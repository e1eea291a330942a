import { type KeptListing, listHostTree } from "#containers/build-steps/host-listing.ts";
import type { HostTree } from "#support/host-tree.ts";
import type { Ignores } from "#support/ignore-patterns.ts";
import type { Listing } from "./listing.ts";

/** A tree of the host without the excluded files. Disposal frees the list. */
export interface ScannedTree extends Listing, Disposable {
  /**
   * Returns the digest of the names, kinds, permissions and contents of a file or a directory tree, without the paths in
   * `skip`, which are relative to the directory. Timestamps do not count.
   */
  digest(path: string, skip: string[]): Promise<string>;
}

/** The latest listing of a directory, with the digests of its files. */
export interface DigestCache {
  latest?: KeptListing;
}

/** Lists a tree of the host without the excluded files. Links are not followed. */
export async function scanTree(tree: HostTree, ignores: Ignores, known?: DigestCache): Promise<ScannedTree> {
  const listed = await listHostTree(tree, ignores.rules, known?.latest);
  if (known) {
    known.latest?.[Symbol.dispose]();
    known.latest = listed.keep();
  }
  return {
    find: (path) => listed.find(path) ?? undefined,
    *below(directory) {
      for (let from = 0; ; ) {
        const paths = listed.below(directory, from);
        if (paths.length === 0) return;
        yield* paths;
        from += paths.length;
      }
    },
    ignored: listed.ignored(),
    digest: (path, skip) => listed.digest(path, skip),
    [Symbol.dispose]: () => listed[Symbol.dispose](),
  };
}
