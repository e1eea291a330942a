import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { readArchive } from "./archive-contents.ts";
import type { LoadedImage, LoadOptions } from "./image-archives.ts";
import { loadDockerArchive } from "./load-docker-archive.ts";
import { loadLayout } from "./load-layout.ts";

/** Loads every image of a docker-archive or an OCI layout. The tar may be compressed. */
export async function* loadImages(
  services: ImageServices,
  archive: ReadableStream<Uint8Array>,
  options: LoadOptions,
): AsyncGenerator<LoadedImage> {
  const queue = createAsyncQueue<LoadedImage>();
  yield* queue.during(
    services.withLease(async () => {
      const contents = await readArchive(services.content, archive, options.signal);
      const list = contents.get("manifest.json");
      const index = contents.get("index.json");
      const run = { services, contents, options, report: queue.push };
      // An archive can be both. Only the OCI layout contains the original manifests.
      if (index && contents.has("oci-layout")) await loadLayout(run, index, list);
      else if (list) await loadDockerArchive(run, list);
      else throw invalidArgument("the archive has neither manifest.json nor index.json");
      await services.writeIndex();
    }),
  );
}
