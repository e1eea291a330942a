import type { ImageSet } from "#images/export/image-exports.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import { canonicalName } from "#oci/reference.ts";

/**
 * Returns the entries of the answer that describe an exported image. `top` is its manifest or index; without one, the
 * image is known by its ID alone, as in Docker's store.
 */
export function describeExport(
  { images: [first], index, names }: ImageSet,
  top: Descriptor | undefined,
): Map<string, string> {
  const response = new Map<string, string>();
  const id = first?.id ?? "";
  response.set("containerimage.digest", top?.digest ?? id);
  if (!index) response.set("containerimage.config.digest", id);
  if (top) {
    const { mediaType, digest, size } = top;
    const encoded = Buffer.from(JSON.stringify({ mediaType, digest, size })).toString("base64");
    response.set("containerimage.descriptor", encoded);
  }
  if (names.length > 0) response.set("image.name", names.map(canonicalName).join(","));
  return response;
}
