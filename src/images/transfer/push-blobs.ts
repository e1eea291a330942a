import type { FileHandle } from "node:fs/promises";
import type { BlobReader } from "#content/content-store.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, shortDigest } from "#oci/digest.ts";
import { isLayerType } from "#oci/media-types.ts";
import { parseReference, type Reference } from "#oci/reference.ts";
import type { Destination } from "#registry/transfer/open-destination.ts";
import { TboxError } from "#support/errors.ts";
import type { ImageRecords } from "../store/image-records.ts";
import type { PushProgress } from "./image-transfer.ts";
import { throttleProgress } from "./throttle-progress.ts";

/** Blobs sent at the same time; Docker's default. */
const concurrency = 5;
/** Most repositories that are tried as mount sources before a blob is sent. */
const mostSources = 4;
/** Bytes read from the disk at once. */
const pieceSize = 256 * 1024;

/** Repositories of the same registry that have a blob according to the store. */
export type MountSources = Map<Digest, string[]>;

export interface PushBlobsOptions {
  sources: MountSources;
  signal: AbortSignal;
  report: (progress: PushProgress) => void;
}

/** Returns the repositories from which the registry can mount blobs instead of receiving them. */
export function findMountSources(records: ImageRecords, { domain, path }: Reference): MountSources {
  const sources: MountSources = new Map();
  for (const { name, id } of records.digests()) {
    const other = parseReference(name);
    if (other.domain !== domain || other.path === path) continue;
    for (const digest of [id, ...(records.get(id)?.layers ?? [])]) {
      const known = sources.get(digest) ?? [];
      if (known.length < mostSources && !known.includes(other.path)) {
        sources.set(digest, [...known, other.path]);
      }
    }
  }
  return sources;
}

export function repositoriesOf(sources: MountSources): string[] {
  return [...new Set([...sources.values()].flat())];
}

/** Sends the blobs that the registry does not have, several at a time. */
export async function pushBlobs(
  content: BlobReader,
  destination: Destination,
  blobs: Descriptor[],
  { sources, signal, report }: PushBlobsOptions,
): Promise<void> {
  const stop = new AbortController();
  const limited = AbortSignal.any([signal, stop.signal]);
  const layers = blobs.filter(({ mediaType }) => isLayerType(mediaType));
  for (const { digest } of layers) report({ id: shortDigest(digest), status: "Preparing" });
  const waiting = [...blobs];
  const worker = async () => {
    for (let blob = waiting.shift(); blob; blob = waiting.shift()) {
      const mountFrom = sources.get(blob.digest) ?? [];
      // Docker reports only layers.
      const reportBlob = isLayerType(blob.mediaType) ? report : () => {};
      await pushBlob(content, destination, blob, { mountFrom, signal: limited, report: reportBlob });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, () => worker().catch((error) => stop.abort(error))));
  // The first failure is the reason; the others are only its consequence.
  if (limited.aborted) throw limited.reason;
}

interface PushBlobOptions extends Omit<PushBlobsOptions, "sources"> {
  mountFrom: string[];
}

async function pushBlob(
  content: BlobReader,
  destination: Destination,
  { digest, size }: Descriptor,
  { mountFrom, signal, report }: PushBlobOptions,
): Promise<void> {
  const id = shortDigest(digest);
  if (await destination.hasBlob(digest, signal)) {
    report({ id, status: "Layer already exists" });
    return;
  }
  await using file = await content.open(digest);
  const onProgress = throttleProgress((current) => report({ id, status: "Pushing", current, total: size }));
  const source = { digest, size, read: (start: number, end: number) => readPieces(file, start, end) };
  const { mountedFrom } = await destination.putBlob(source, { mountFrom, signal, onProgress });
  report({ id, status: mountedFrom === undefined ? "Pushed" : `Mounted from ${mountedFrom}` });
}

async function* readPieces(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let position = start; position < end; ) {
    const buffer = new Uint8Array(Math.min(pieceSize, end - position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) throw new TboxError("internal", `a blob ends after ${position} of ${end} bytes`);
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
