import type { FileHandle } from "node:fs/promises";
import type { Descriptor } from "#oci/descriptor.ts";
import { type Digest, shortDigest } from "#oci/digest.ts";
import { parseReference, type Reference } from "#oci/reference.ts";
import type { Destination } from "#registry/transfer/open-destination.ts";
import { TboxError } from "#support/errors.ts";
import type { ImageRecords } from "../store/image-records.ts";
import type { Progress } from "./image-transfer.ts";
import type { OutgoingBlob } from "./outgoing-blob.ts";
import { throttleProgress } from "./throttle-progress.ts";

/** Blobs sent at the same time; Docker's default. */
const concurrency = 5;
/** Maximum number of repositories that are tried as mount sources before a blob is sent. */
const mostSources = 4;
/** Bytes read from the disk at once. */
const pieceSize = 256 * 1024;

/** Repositories of the same registry that have a blob according to the store. */
export type MountSources = Map<Digest, string[]>;

/** A place that receives blobs. */
export type BlobDestination = Pick<Destination, "hasBlob" | "putBlob">;

export interface PushBlobsOptions {
  sources: MountSources;
  signal: AbortSignal;
  report: (progress: Progress) => void;
}

/** Returns the repositories from which the registry can mount blobs instead of receiving them. */
export function findMountSources(records: ImageRecords, { domain, path }: Reference): MountSources {
  const sources: MountSources = new Map();
  const compressed = Map.groupBy(records.allCompressed(), ([diffId]): Digest => diffId);
  const compressedOf = (layer: Digest) => (compressed.get(layer) ?? []).map(([, blob]) => blob);
  for (const { name, id } of records.digests()) {
    const other = parseReference(name);
    if (other.domain !== domain || other.path === path) continue;
    const layers = records.get(id)?.layers ?? [];
    for (const digest of [id, ...layers, ...layers.flatMap(compressedOf)]) {
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

/** Sends the blobs that the registry does not have, several at a time; returns the sent blob for each digest. */
export async function pushBlobs(
  destination: BlobDestination,
  blobs: OutgoingBlob[],
  { sources, signal, report }: PushBlobsOptions,
): Promise<Map<Digest, Descriptor>> {
  const stop = new AbortController();
  const limited = AbortSignal.any([signal, stop.signal]);
  for (const { source, isLayer } of blobs) {
    if (isLayer) report({ id: shortDigest(source.digest), status: "Preparing" });
  }
  const waiting = [...blobs];
  const sent = new Map<Digest, Descriptor>();
  const worker = async () => {
    for (let blob = waiting.shift(); blob; blob = waiting.shift()) {
      // Docker reports only layers.
      const reportBlob = blob.isLayer ? report : () => {};
      const options = { sources, signal: limited, report: reportBlob };
      sent.set(blob.source.digest, await pushBlob(destination, blob, options));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, () => worker().catch((error) => stop.abort(error))));
  // The first failure is the reason; the others are only its consequence.
  if (limited.aborted) throw limited.reason;
  return sent;
}

async function pushBlob(
  destination: BlobDestination,
  blob: OutgoingBlob,
  { sources, signal, report }: PushBlobsOptions,
): Promise<Descriptor> {
  const id = shortDigest(blob.source.digest);
  const reporter = (status: string, total: number) =>
    throttleProgress((current) => report({ id, status, current, total }));
  const prepared = await blob.prepare({ signal, onProgress: reporter("Compressing", blob.source.size) });
  const { digest, size } = prepared;
  if (await destination.hasBlob(digest, signal)) {
    report({ id, status: "Layer already exists" });
    return prepared;
  }
  const read = (start: number, end: number) => readPieces(() => blob.open(signal), start, end);
  const { mountedFrom } = await destination.putBlob(
    { digest, size, read },
    { mountFrom: sources.get(digest) ?? [], signal, onProgress: reporter("Pushing", size) },
  );
  report({ id, status: mountedFrom === undefined ? "Pushed" : `Mounted from ${mountedFrom}` });
  return prepared;
}

async function* readPieces(
  open: () => Promise<FileHandle>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  await using file = await open();
  for (let position = start; position < end; ) {
    const buffer = new Uint8Array(Math.min(pieceSize, end - position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) throw new TboxError("internal", `a blob ends after ${position} of ${end} bytes`);
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
