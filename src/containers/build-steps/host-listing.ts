import { type ContextListing, type ContextRule, scanContext } from "#native/addon/context.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import type { HostTree } from "#support/host-tree.ts";

/** A list of files outside the JavaScript heap, with digests. Disposal frees it. */
export interface HostListing extends Pick<ContextListing, "ignored" | "find" | "below">, Disposable {
  /** Returns the digest of a path; throws not-found for a path that is not in the list. The tree must be open. */
  digest(path: string, skip: string[]): Promise<string>;
  /** Returns the list for `listHostTree`, which outlives the tree and this list. */
  keep(): KeptListing;
}

/** A list of a tree that may be closed. */
export interface KeptListing extends Disposable {
  count(): number;
  native: ContextListing;
}

/** Lists a tree without the files that the rules exclude. Digests of an earlier list are taken over. */
export async function listHostTree(
  tree: HostTree,
  rules: ContextRule[],
  earlier?: KeptListing,
): Promise<HostListing> {
  const { root, owned } = tree;
  return wrapListing(await readable(scanContext({ root, owned, rules, earlier: earlier?.native })), tree);
}

/** Adds methods to a native list. Within `listHostTree`, they would keep the earlier list in memory. */
function wrapListing(native: ContextListing, { root, owned }: HostTree): HostListing {
  return {
    ignored: () => native.ignored(),
    find: (path) => native.find(path),
    below: (directory, from) => native.below(directory, from),
    async digest(path, skip) {
      const digest = await readable(native.digest(root, owned, path, skip));
      if (digest === null) throw new TboxError("not-found", `${path}: not found in the build context`);
      return digest;
    },
    keep: () => keep(native.share()),
    [Symbol.dispose]: () => native.release(),
  };
}

function keep(native: ContextListing): KeptListing {
  return { native, count: () => native.count(), [Symbol.dispose]: () => native.release() };
}

/** Adds the code `forbidden` to the error of a file that cannot be read. */
async function readable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new TboxError("forbidden", errorChain(error));
  }
}
