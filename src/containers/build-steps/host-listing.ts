import { type ContextListing, type ContextRule, scanContext } from "#native/addon/context.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import type { HostTree } from "#support/host-tree.ts";

/** A list of files outside the JavaScript heap, with digests. */
export interface HostListing extends Omit<ContextListing, "digest"> {
  /** Returns the digest of a path; throws not-found for a path that is not in the list. */
  digest(path: string, skip: string[]): Promise<string>;
  /** The list for the next one of the same tree. */
  native: ContextListing;
}

/** Lists a tree without the files that the rules exclude. Digests of an earlier list are taken over. */
export async function listHostTree(
  tree: HostTree,
  rules: ContextRule[],
  earlier?: HostListing,
): Promise<HostListing> {
  const { root, owned } = tree;
  const native = await readable(scanContext({ root, owned, rules, earlier: earlier?.native }));
  return {
    native,
    count: () => native.count(),
    ignored: () => native.ignored(),
    find: (path) => native.find(path),
    below: (directory, from) => native.below(directory, from),
    async digest(path, skip) {
      const digest = await readable(native.digest(path, skip));
      if (digest === null) throw new TboxError("not-found", `${path}: not found in the build context`);
      return digest;
    },
  };
}

/** Gives the error of a file that cannot be read its code. */
async function readable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new TboxError("forbidden", errorChain(error));
  }
}
