/** Media types of the OCI image-spec and their Docker equivalents. */
export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  layerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  layerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
} as const;

const indexTypes = new Set<string>([mediaTypes.index, mediaTypes.dockerList]);
const manifestTypes = new Set<string>([mediaTypes.manifest, mediaTypes.dockerManifest]);

/** Media types of layers. A wrong suffix is harmless, because the compression is detected from the content. */
const layerPattern =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+gzip|\+zstd)?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?)$/;

export function isIndexType(mediaType: string): boolean {
  return indexTypes.has(mediaType);
}

export function isManifestType(mediaType: string): boolean {
  return manifestTypes.has(mediaType);
}

export function isLayerType(mediaType: string): boolean {
  return layerPattern.test(mediaType);
}

/** Returns the media type of a layer after the compression of its plain archive. */
export function compressedLayerType(mediaType: string, format: "gzip" | "zstd"): string {
  return `${mediaType}${mediaType.includes(".docker.") ? "." : "+"}${format}`;
}

/** Returns the media type of a layer without its compression. */
export function plainLayerType(mediaType: string): string {
  return mediaType.replace(/[.+](?:gzip|zstd)$/, "");
}

/** Media types for the header `Accept`, preferred first. */
export const acceptedManifests = [...manifestTypes, ...indexTypes];

/** Returns whether a layer may be pushed; foreign layers must not be redistributed. */
export function isDistributable(mediaType: string): boolean {
  return !/\.(?:nondistributable|foreign)\./.test(mediaType);
}
