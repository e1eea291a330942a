import { parseConfig } from "#oci/config.ts";
import type { Digest } from "#oci/digest.ts";
import { encodeJson } from "#oci/encode-json.ts";
import type { Manifest } from "#oci/manifest.ts";
import { mediaTypes } from "#oci/media-types.ts";
import { canonicalRepository, type Reference, withDefaultTag } from "#oci/reference.ts";
import type { ImageServices } from "../services.ts";
import { recordOf } from "../store/image-parts.ts";
import type { NewImage } from "./image-authoring.ts";

/** Writes the configuration and the manifest of a new image, then its names; returns the image's ID. */
export async function writeImage(
  services: ImageServices,
  { config, layers, annotations, parent }: NewImage,
  references: Reference[],
): Promise<Digest> {
  const { content, records } = services;
  const configBlob = await content.put(encodeJson(config));
  const manifest: Manifest = {
    schemaVersion: 2,
    config: { mediaType: mediaTypes.config, ...configBlob },
    layers,
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
  const manifestBlob = await content.put(encodeJson({ mediaType: mediaTypes.manifest, ...manifest }));
  const target = { mediaType: mediaTypes.manifest, ...manifestBlob };
  const tags = references.map(
    (reference) => `${canonicalRepository(reference)}:${withDefaultTag(reference).tag}`,
  );
  // Throws now for a configuration that later reads would refuse.
  const parsed = parseConfig(await content.read(configBlob.digest, configBlob.size));
  const record = recordOf({ target, manifestDescriptor: target, manifest }, parsed);
  for (const tag of tags.length === 0 ? [undefined] : tags) records.add({ ...record, parent }, { tag });
  await services.writeIndex();
  return configBlob.digest;
}
