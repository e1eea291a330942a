import { closeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { openStream } from "#native/addon/stream.ts";
import type { ContainerView } from "#native/protocol/work.ts";
import { TboxError } from "#support/errors.ts";
import type { ContainerServices } from "../services.ts";

/**
 * Unpacks an archive in a worker. A failure of the archive ends the worker, and a failure of the worker ends the
 * archive.
 */
export async function feedArchive(
  services: Pick<ContainerServices, "zygote">,
  archive: ReadableStream<Uint8Array>,
  request: { container: ContainerView; path: string; keepKinds: boolean; squash?: boolean },
): Promise<void> {
  const { stream, peer } = openStream();
  const reader = archive.getReader();
  const work = services.zygote.work({ operation: "extract", ...request }, { source: peer }).finally(() => {
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
      if (stream.write(value)) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      stream.once("drain", resolve).once("close", resolve);
      await promise;
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
