import { TboxError } from "#support/errors.ts";
import type { Repository } from "./repository.ts";

/** Returns a repository that tries several repositories in order. If all fail, throws the error of the last one. */
export function firstOf(repositories: Repository[]): Repository {
  /** Mirrors that failed; they are not tried again. */
  const broken = new Set<Repository>();

  async function tryInOrder<T>(
    signal: AbortSignal,
    action: (repository: Repository) => Promise<T>,
  ): Promise<T> {
    for (const repository of repositories.slice(0, -1)) {
      if (broken.has(repository)) continue;
      try {
        return await action(repository);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof TboxError)) throw error;
        if (error.code !== "not-found") broken.add(repository);
      }
    }
    const last = repositories.at(-1);
    if (!last) throw new TboxError("internal", "no registry to try");
    return action(last);
  }

  return {
    fetchManifest: (tagOrDigest, signal) =>
      tryInOrder(signal, (one) => one.fetchManifest(tagOrDigest, signal)),
    async headManifest(tag, signal) {
      for (const repository of repositories) {
        const digest = broken.has(repository) ? undefined : await repository.headManifest(tag, signal);
        if (digest !== undefined) return digest;
      }
      return undefined;
    },
    listTags: (signal) => tryInOrder(signal, (one) => one.listTags(signal)),
    fetchBlob: (blob, offset, signal) => tryInOrder(signal, (one) => one.fetchBlob(blob, offset, signal)),
  };
}
