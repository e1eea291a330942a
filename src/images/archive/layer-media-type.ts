import type { BlobReader } from "#content/content-store.ts";
import type { Digest } from "#oci/digest.ts";
import { mediaTypes } from "#oci/media-types.ts";

/** Returns the media type of a layer's blob according to the compression format of its first bytes. */
export async function layerMediaType(content: BlobReader, blob: Digest): Promise<string> {
  await using file = await content.open(blob);
  const head = Buffer.alloc(4);
  await file.read(head, 0, 4, 0);
  if (head[0] === 0x1f && head[1] === 0x8b) return mediaTypes.layerGzip;
  return head.readUInt32LE(0) === 0xfd2fb528 ? mediaTypes.layerZstd : mediaTypes.layer;
}
