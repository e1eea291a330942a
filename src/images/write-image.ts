import { type ImageConfig, parseConfig } from "#oci/config.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import type { Manifest } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { canonicalRepository, type Reference, withDefaultTag } from "#oci/reference.ts";
import { recordOf } from "./store-image.ts";
import type { Workshop } from "./workshop.ts";

export interface NewImage {
  config: ImageConfig;
  /** Blobs of the layers, base first; their bytes and the unpacked layers are in the store. */
  layers: Descriptor[];
  /** The image below. */
  parent?: Digest;
}

/** Writes an image made here, its name last; gives its ID. */
export async function writeImage(
  workshop: Workshop,
  { config, layers, parent }: NewImage,
  reference: Reference | undefined,
): Promise<Digest> {
  const { content, records } = workshop;
  const configBlob = await content.put(encode(config));
  const manifest: Manifest = {
    schemaVersion: 2,
    config: { mediaType: mediaTypes.config, ...configBlob },
    layers,
  };
  const manifestBlob = await content.put(encode({ mediaType: mediaTypes.manifest, ...manifest }));
  const target = { mediaType: mediaTypes.manifest, ...manifestBlob };
  const named = reference && withDefaultTag(reference);
  const tag = named && `${canonicalRepository(named)}:${named.tag}`;
  // As every later start will read it.
  const read = parseConfig(await content.read(configBlob.digest, configBlob.size));
  const record = recordOf({ target, manifestDescriptor: target, manifest }, read);
  records.add({ ...record, parent }, { tag });
  await workshop.changed();
  return configBlob.digest;
}

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
