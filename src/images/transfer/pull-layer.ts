import type { Descriptor } from "#oci/descriptor.ts";
import { type DiffId, shortDigest } from "#oci/digest.ts";
import type { Repository } from "#registry/transfer/repository.ts";
import type { ImageServices } from "../services.ts";
import { unpackLayer } from "../store/image-parts.ts";
import { downloadBlob } from "./download-blob.ts";
import { openGrowingBlob } from "./growing-blob.ts";
import type { Progress } from "./image-transfer.ts";
import { throttleProgress } from "./throttle-progress.ts";

export interface PullLayerOptions {
  signal: AbortSignal;
  report: (progress: Progress) => void;
  /** Called once with the promise of the unpacking, which settles after the download. */
  onUnpacking: (work: Promise<void>) => void;
}

/** Downloads a layer's blob and unpacks it at the same time; resolves when the download is complete. */
export async function pullLayer(
  services: ImageServices,
  repository: Pick<Repository, "fetchBlob">,
  { blob, diffId }: { blob: Descriptor; diffId: DiffId },
  { signal, report, onUnpacking }: PullLayerOptions,
): Promise<void> {
  const id = shortDigest(blob.digest);
  const reporter = (status: string) => (current: number) => report({ id, status, current, total: blob.size });
  const downloading = throttleProgress(reporter("Downloading"));
  const extracting = reporter("Extracting");
  const growing = openGrowingBlob(blob.size);
  let download: Promise<void>;
  let complete = false;
  let unpacking = false;
  const unpack = async () => {
    // A progress bar shows the download first; unpacking is shown only after the download.
    const onProgress = (current: number) => complete && extracting(current);
    const work = unpackLayer(services, blob.digest, diffId, { signal, growing, onProgress });
    const outcomes = await Promise.allSettled([download, work]);
    // A download error explains an unpacking error, so it is thrown first.
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    report({ id, status: "Pull complete" });
  };
  const advance = () => {
    growing.notifyGrowth();
    if (!unpacking) onUnpacking(unpack());
    unpacking = true;
  };
  download = downloadBlob(services.content, repository, blob, {
    signal,
    onProgress(current) {
      advance();
      downloading(current);
    },
  });
  await download;
  complete = true;
  report({ id, status: "Download complete" });
  // A shared download reports its progress only to the pull that started it.
  advance();
}
