import { closeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { openStream } from "#native/addon/stream.ts";
import type { ContainerView } from "#native/protocol/work.ts";
import type { ContainerServices } from "../services.ts";

/** Unpacks an archive in a worker. */
export async function feedArchive(
  services: ContainerServices,
  archive: ReadableStream<Uint8Array>,
  request: { container: ContainerView; path: string; keepKinds: boolean; squash?: boolean },
): Promise<void> {
  const { stream, peer } = openStream();
  const feeding = feed(archive, stream);
  try {
    await services.zygote.work({ operation: "extract", ...request }, { source: peer });
  } finally {
    closeSync(peer);
    stream.destroy();
    await feeding;
  }
}

/** Writes an archive to the worker, until the worker closes its end. The worker reports its own failure. */
async function feed(archive: ReadableStream<Uint8Array>, stream: Duplex): Promise<void> {
  stream.on("error", () => stream.destroy());
  stream.resume();
  for await (const bytes of archive) {
    if (stream.destroyed) return;
    if (stream.write(bytes)) continue;
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.once("drain", resolve).once("close", resolve);
    await promise;
  }
  stream.end();
}
