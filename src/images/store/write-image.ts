import { parseConfig } from "#oci/config.ts";
import type { Digest } from "#oci/digest.ts";
import type { Manifest } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { canonicalRepository, type Reference, withDefaultTag } from "#oci/reference.ts";
import type { NewImage } from "../images.ts";
import type { ImageServices } from "../services.ts";
import { recordOf } from "./store-image.ts";

/** Writes an image made here, its names last; gives its ID. */
export async function writeImage(
  services: ImageServices,
  { config, layers, annotations, parent }: NewImage,
  references: Reference[],
): Promise<Digest> {
  const { content, records } = services;
  const configBlob = await content.put(encode(config));
  const manifest: Manifest = {
    schemaVersion: 2,
    config: { mediaType: mediaTypes.config, ...configBlob },
    layers,
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
  const manifestBlob = await content.put(encode({ mediaType: mediaTypes.manifest, ...manifest }));
  const target = { mediaType: mediaTypes.manifest, ...manifestBlob };
  const tags = references.map((reference) => {
    return `${canonicalRepository(reference)}:${withDefaultTag(reference).tag}`;
  });
  // As every later start will read it.
  const read = parseConfig(await content.read(configBlob.digest, configBlob.size));
  const record = recordOf({ target, manifestDescriptor: target, manifest }, read);
  for (const tag of tags.length === 0 ? [undefined] : tags) records.add({ ...record, parent }, { tag });
  await services.changed();
  return configBlob.digest;
}

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
