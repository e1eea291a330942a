import type { Descriptor } from "#oci/descriptor.ts";
import { type DiffId, shortDigest } from "#oci/digest.ts";
import type { Repository } from "#registry/transfer/repository.ts";
import type { ImageServices } from "../services.ts";
import { isUnpackedFrom } from "../store/image-parts.ts";
import { storedBlobs } from "../store/stored-blobs.ts";
import type { Progress } from "./image-transfer.ts";
import { pullLayer } from "./pull-layer.ts";

/** Layers downloaded at the same time; Docker's default. */
const concurrency = 3;

export interface PullLayersOptions {
  signal: AbortSignal;
  report: (progress: Progress) => void;
}

interface Job {
  blob: Descriptor;
  diffId: DiffId;
}

/** Downloads and unpacks the layers of an image. Unpacking a layer overlaps with downloading it and later layers. */
export async function pullLayers(
  services: ImageServices,
  repository: Pick<Repository, "fetchBlob">,
  { diffIds, blobs }: { diffIds: DiffId[]; blobs: Descriptor[] },
  { signal, report }: PullLayersOptions,
): Promise<void> {
  const stop = new AbortController();
  const limited = AbortSignal.any([signal, stop.signal]);
  const waiting = planJobs(diffIds, blobs);
  for (const { blob } of waiting) report({ id: shortDigest(blob.digest), status: "Pulling fs layer" });
  const unpackings: Promise<void>[] = [];
  const onUnpacking = (work: Promise<void>) => {
    unpackings.push(work);
    work.catch((error) => stop.abort(error));
  };
  const worker = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      const { blob } = job;
      if (await isStored(services, job)) {
        report({ id: shortDigest(blob.digest), status: "Already exists" });
        continue;
      }
      await pullLayer(services, repository, job, { signal: limited, report, onUnpacking });
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, worker));
    await Promise.all(unpackings);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(unpackings);
    // The first failure is the reason; the others are only its consequence.
    throw signal.aborted ? signal.reason : stop.signal.reason;
  }
}

/** Tests whether a layer needs no download: the manifest's blob is stored, or is a plain archive of the stored files. */
async function isStored(services: ImageServices, { blob, diffId }: Job): Promise<boolean> {
  return isUnpackedFrom(services, blob.digest, diffId) && (await storedBlobs(services).has(blob.digest));
}

/** Pairs blobs with diffIDs. A pair that occurs twice in an image is pulled once. */
function planJobs(diffIds: DiffId[], blobs: Descriptor[]): Job[] {
  const seen = new Set<string>();
  const jobs: Job[] = [];
  for (const [index, blob] of blobs.entries()) {
    const diffId = diffIds[index];
    const pair = `${blob.digest} ${diffId}`;
    if (diffId === undefined || seen.has(pair)) continue;
    seen.add(pair);
    jobs.push({ blob, diffId });
  }
  return jobs;
}
