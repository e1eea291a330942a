import type { ImageSearchResult } from "#api/answers/images.ts";
import type { ImageTransfer } from "#images/transfer/image-transfer.ts";

type Found = Awaited<ReturnType<ImageTransfer["search"]>>[number];

/** Returns an item of `GET /images/search`. */
export function shapeSearchResult({ name, description, stars, official }: Found): ImageSearchResult {
  return { star_count: stars, is_official: official, name, is_automated: false, description };
}
