import type { BlobSource, BlobWriter } from "#content/content-store.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Repository } from "#registry/transfer/repository.ts";
import { TboxError } from "#support/errors.ts";

/** Maximum number of consecutive attempts that receive too few bytes to count as progress. */
const mostAttempts = 6;
/** Bytes after which an attempt counts as progress. Limits the attempts for a server that sends few bytes. */
const leastProgress = 64 * 1024;

/** Downloads a blob to the content store; resumes after interruptions. */
export async function downloadBlob(
  content: BlobWriter,
  repository: Pick<Repository, "fetchBlob">,
  blob: Descriptor,
  options: { signal: AbortSignal; onProgress?: (bytes: number) => void },
): Promise<void> {
  const { signal } = options;
  // `fetchBlob` retries by itself, so a request that fails before the first byte is not repeated here.
  let refused = false;
  let attempt = 0;
  let furthest = 0;
  const source: BlobSource = async (offset) => {
    if (offset >= furthest + leastProgress) attempt = 1;
    furthest = Math.max(furthest, offset);
    refused = true;
    const answer = await repository.fetchBlob(blob, offset, signal);
    refused = false;
    return answer;
  };
  for (;;) {
    attempt++;
    try {
      return await content.ingest(source, blob, options);
    } catch (error) {
      signal.throwIfAborted();
      // Either an interruption, or another pull that shared this ingest was cancelled.
      const temporary = error instanceof TboxError ? error.code === "unavailable" : isAbort(error);
      if (!temporary || refused || attempt === mostAttempts) throw error;
    }
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
