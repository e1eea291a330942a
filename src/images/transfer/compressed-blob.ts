import type { Expected } from "#content/content-store.ts";
import type { LayerCompression } from "#layers/layers.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { DiffId } from "#oci/digest.ts";
import { compressedLayerType } from "#oci/media-types.ts";
import type { Limit } from "#support/concurrency/limit.ts";
import { TboxError } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { isMadeAgain } from "../store/stored-blobs.ts";
import type { OutgoingBlob, PrepareOptions } from "./outgoing-blob.ts";

type Services = Pick<ImageServices, "content" | "layers" | "records">;

/** Version of the compressor's output. Another version may give other bytes for the same archive. */
const version = 1;

export interface CompressOptions {
  compression: LayerCompression;
  /** Limit of the layers that are compressed at the same time. */
  limit: Limit;
}

/** Returns a layer that is compressed for a push, unless its compressed digest is known and the registry has it. */
export function compressedBlob(
  services: Services,
  source: Descriptor & { digest: DiffId },
  { compression, limit }: CompressOptions,
): OutgoingBlob {
  const { content, records } = services;
  const key = `${version} ${compression.format} ${compression.level}`;
  const known = () => records.compressed(source.digest, key);
  const ensure = async (options: PrepareOptions) => {
    const blob = known();
    if (blob && (await content.has(blob.digest))) return;
    const made = await limit(() => compress(services, source.digest, { compression, ...options }));
    records.addCompressed(source.digest, key, made);
    records.addVerified(made.digest, source.digest);
  };
  let sent: Expected | undefined;
  return {
    source,
    isLayer: true,
    async prepare(options) {
      if (known() === undefined) await ensure(options);
      sent = known();
      if (sent === undefined) throw new TboxError("internal", `layer ${source.digest} was not compressed`);
      return { mediaType: compressedLayerType(source.mediaType, compression.format), ...sent };
    },
    async open(signal) {
      await ensure({ signal, onProgress: () => {} });
      const { digest = source.digest } = sent ?? {};
      return content.open(digest);
    },
  };
}

async function compress(
  { content, layers }: Services,
  diffId: DiffId,
  options: PrepareOptions & { compression: LayerCompression },
): Promise<Expected> {
  if (isMadeAgain({ layers }, diffId)) {
    return content.fill((descriptor) => layers.pack(diffId, descriptor, options));
  }
  await using archive = await content.open(diffId);
  return await content.fill((descriptor) => layers.compress(archive.fd, descriptor, options));
}
