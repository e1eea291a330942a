import type { Descriptor } from "#oci/descriptor.ts";
import { type DiffId, shortDigest } from "#oci/digest.ts";
import type { Repository } from "#registry/transfer/repository.ts";
import type { Progress } from "../images.ts";
import type { ImageServices } from "../services.ts";
import { unpackLayer } from "../store/store-image.ts";
import { openArrival } from "./arrival.ts";
import { downloadBlob } from "./download.ts";
import { throttled } from "./throttled.ts";

export interface PullLayerOptions {
  signal: AbortSignal;
  report: (progress: Progress) => void;
  /** Given the unpacking, which goes on when the blob has come. */
  unpacking: (work: Promise<void>) => void;
}

/** Downloads a layer's blob, which is unpacked as it comes; resolves when it has come. */
export async function pullLayer(
  services: ImageServices,
  repository: Repository,
  { blob, diffId }: { blob: Descriptor; diffId: DiffId },
  { signal, report, unpacking }: PullLayerOptions,
): Promise<void> {
  const id = shortDigest(blob.digest);
  const tell = (status: string) => (current: number) => report({ id, status, current, total: blob.size });
  const downloading = throttled(tell("Downloading"));
  const extracting = tell("Extracting");
  const arrival = openArrival(blob.size);
  let download: Promise<void>;
  let whole = false;
  let begun = false;
  const unpack = async () => {
    // One bar cannot show both.
    const onProgress = (current: number) => whole && extracting(current);
    const work = unpackLayer(services, blob.digest, diffId, { signal, arrival, onProgress });
    const outcomes = await Promise.allSettled([download, work]);
    // What is wrong with a blob says more than what comes of unpacking it.
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    report({ id, status: "Pull complete" });
  };
  const advance = () => {
    arrival.more();
    if (!begun) unpacking(unpack());
    begun = true;
  };
  download = downloadBlob(services, repository, blob, {
    signal,
    onProgress(current) {
      advance();
      downloading(current);
    },
  });
  await download;
  whole = true;
  report({ id, status: "Download complete" });
  // Somebody else's download of the same blob told nothing of its progress here.
  advance();
}
