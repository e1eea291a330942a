import { isLayerType, mediaTypes } from "./media-types.ts";

const equivalents = new Map<string, string>([
  [mediaTypes.index, mediaTypes.dockerList],
  [mediaTypes.manifest, mediaTypes.dockerManifest],
  [mediaTypes.config, mediaTypes.dockerConfig],
]);

/** Returns Docker's media type for a media type of OCI; other types stay as they are. */
export function dockerType(mediaType: string): string {
  const known = equivalents.get(mediaType);
  if (known !== undefined || !isLayerType(mediaType) || mediaType.includes(".docker."))
    return known ?? mediaType;
  const [, compression] = /\+(gzip|zstd)$/.exec(mediaType) ?? [];
  const plain = "application/vnd.docker.image.rootfs.diff.tar";
  return compression === undefined ? plain : `${plain}.${compression}`;
}
