import { closeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { openStream } from "#native/addon/stream.ts";
import { TboxError } from "#support/errors.ts";
import { writable } from "#support/streams.ts";

/**
 * Passes an archive to the unpacking from the descriptor `source`. A failure of the archive ends the unpacking, and a
 * failure of the unpacking ends the archive.
 */
export async function feedArchive(
  archive: ReadableStream<Uint8Array>,
  unpack: (source: number) => Promise<unknown>,
): Promise<void> {
  const { stream, peer } = openStream();
  const reader = archive.getReader();
  const work = unpack(peer).finally(() => {
    closeSync(peer);
    stream.destroy();
    // Not awaited: a client that sends nothing more would delay the worker's failure.
    void reader.cancel().catch(() => {});
  });
  const [fed, worked] = await Promise.allSettled([feed(reader, stream), work]);
  // The worker of an interrupted archive reports only that its input ended too early.
  if (fed.status === "rejected") throw interruption(fed.reason);
  if (worked.status === "rejected") throw worked.reason;
}

interface ChunkReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
}

/** Writes an archive to the worker, until the worker closes its end. */
async function feed(reader: ChunkReader, stream: Duplex): Promise<void> {
  stream.on("error", () => stream.destroy());
  stream.resume();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (stream.destroyed) return;
      if (done || value === undefined) break;
      if (!stream.write(value)) await writable(stream);
    }
    stream.end();
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

function interruption(cause: unknown): TboxError {
  if (cause instanceof TboxError) return cause;
  return new TboxError("cancelled", "the archive was not received completely", { cause });
}
