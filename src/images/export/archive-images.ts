import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import { canonicalName, withDefaultTag } from "#oci/reference.ts";
import { createLimit } from "#support/concurrency/limit.ts";
import { invalidArgument } from "#support/errors.ts";
import type { SavedBlob, SavedImage } from "../archive/write-archive.ts";
import { writeArchive } from "../archive/write-archive.ts";
import type { ImageServices } from "../services.ts";
import { storedBlobs } from "../store/stored-blobs.ts";
import type { OutgoingBlob } from "../transfer/outgoing-blob.ts";
import { planPush } from "../transfer/plan-push.ts";
import { assemble, exportedRecord, hasIndex } from "./assemble.ts";
import type { ExportOptions, ImageSet } from "./image-exports.ts";
import { outgoingBlobsOf } from "./send-images.ts";

/** Layers prepared at the same time. */
const concurrency = 2;

/** Lets `send` read images as an archive; the store keeps every part until it ends. */
export function archiveImages(
  services: ImageServices,
  set: ImageSet,
  { format, signal }: ExportOptions & { format: "oci" | "docker" },
  send: (archive: AsyncIterable<Uint8Array>, top: Descriptor) => Promise<void>,
): Promise<void> {
  if (format === "docker" && hasIndex(set)) {
    throw invalidArgument("the output type docker cannot have several manifests: use the type oci");
  }
  return services.withLease(async () => {
    const sent = await materialize(await outgoingBlobsOf(services, set), signal);
    const { top } = await assemble(services, set, sent);
    const { saved, blobs } = await contentsOf(services, set, { top, sent });
    await send(writeArchive(services, { saved, blobs, signal, format }), top);
  });
}

/** Writes the blobs that are sent into the store; returns them by the digests of their sources. */
async function materialize(outgoing: OutgoingBlob[], signal: AbortSignal): Promise<Map<Digest, Descriptor>> {
  const limit = createLimit(concurrency);
  const sent = await Promise.all(
    outgoing.map((blob) =>
      limit(async (): Promise<[Digest, Descriptor]> => {
        const prepared = await blob.prepare({ signal, onProgress: () => {} });
        await using _ = await blob.open(signal);
        return [blob.source.digest, prepared];
      }),
    ),
  );
  return new Map(sent);
}

async function contentsOf(
  services: ImageServices,
  set: ImageSet,
  { top, sent }: { top: Descriptor; sent: ReadonlyMap<Digest, Descriptor> },
): Promise<{ saved: SavedImage[]; blobs: Map<Digest, SavedBlob> }> {
  const plan = await planPush(storedBlobs(services), top);
  const [first] = set.images;
  if (!first || plan.missing.length > 0) throw invalidArgument("an image was removed during its export");
  const { created, layers, diffIds } = exportedRecord(services, first.id);
  const parts = [...plan.blobs, ...plan.manifests, plan.top];
  const blobs = new Map(parts.map(({ digest, size }): [Digest, SavedBlob] => [digest, { size, created }]));
  const image = {
    top,
    config: first.id,
    layers: layers.map((digest) => sent.get(digest)?.digest ?? digest),
    diffIds,
  };
  const names = set.names.map((name) => canonicalName(withDefaultTag(name)));
  const saved = (names.length === 0 ? [undefined] : names).map((name) => ({ name, ...image }));
  return { saved, blobs };
}
