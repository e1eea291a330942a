import { TboxError } from "#support/errors.ts";
import type { Repository } from "./repository.ts";

/** Asks one repository after the other; what the last says of what none has is what counts. */
export function firstThatHas(repositories: Repository[]): Repository {
  // One that does not answer is not asked again.
  const broken = new Set<Repository>();

  async function ask<T>(signal: AbortSignal, action: (repository: Repository) => Promise<T>): Promise<T> {
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
    if (!last) throw new TboxError("internal", "no registry to ask");
    return action(last);
  }

  return {
    fetchManifest: (tagOrDigest, signal) => ask(signal, (one) => one.fetchManifest(tagOrDigest, signal)),
    async headManifest(tag, signal) {
      for (const repository of repositories) {
        const digest = broken.has(repository) ? undefined : await repository.headManifest(tag, signal);
        if (digest !== undefined) return digest;
      }
      return undefined;
    },
    listTags: (signal) => ask(signal, (one) => one.listTags(signal)),
    fetchBlob: (blob, offset, signal) => ask(signal, (one) => one.fetchBlob(blob, offset, signal)),
  };
}
