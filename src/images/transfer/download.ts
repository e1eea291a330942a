import type { BlobSource } from "#content/store.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Repository } from "#registry/transfer/repository.ts";
import { TboxError } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";

/** How often a download goes on after a cut before it is given up. */
const mostTries = 6;

/** Brings a blob into the content store, going on after cuts with what has come. */
export async function downloadBlob(
  { content }: ImageServices,
  repository: Repository,
  blob: Descriptor,
  options: { signal: AbortSignal; onProgress?: (bytes: number) => void },
): Promise<void> {
  const { signal } = options;
  // The repository has tried often enough already when it does not even begin.
  let refused = false;
  const source: BlobSource = async (offset) => {
    refused = true;
    const answer = await repository.fetchBlob(blob, offset, signal);
    refused = false;
    return answer;
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await content.ingest(source, blob, options);
    } catch (error) {
      signal.throwIfAborted();
      // A cut, or a download shared with somebody who has given up.
      const passing = error instanceof TboxError ? error.code === "unavailable" : isAbort(error);
      if (!passing || refused || attempt === mostTries) throw error;
    }
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
