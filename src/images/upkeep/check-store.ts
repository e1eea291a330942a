import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import type { ImageServices } from "../services.ts";
import { checkBlobs } from "./check-blobs.ts";
import { checkLayers } from "./check-layers.ts";
import type { CheckLine, CheckOptions, Damage } from "./image-maintenance.ts";

/** Verifies every blob, every layer and the cached sizes of layers. Holds a lease, so that garbage collection waits. */
export async function* checkStore(services: ImageServices, options: CheckOptions): AsyncGenerator<CheckLine> {
  const queue = createAsyncQueue<CheckLine>();
  yield* queue.during(
    services.withLease(async () => {
      const report = (damage: Damage) => queue.push({ damage });
      const blobs = await checkBlobs(services, options, report);
      const layers = await checkLayers(services, options, report);
      for (const size of await services.layers.checkSizes()) queue.push({ size });
      queue.push({ summary: { blobs, layers, images: services.records.all().length } });
    }),
  );
}
