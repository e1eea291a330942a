import { findManifest, noMatch, platformsOf } from "#oci/choose-manifest.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { ImageIndex, IndexEntry, ManifestDocument } from "#oci/manifest.ts";
import { isIndexType } from "#oci/media-types.ts";
import type { Platform } from "#oci/platform.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ImageParts } from "../store/image-parts.ts";

export interface FetchedDocument {
  descriptor: Descriptor;
  document: ManifestDocument;
}

export interface FollowOptions {
  platform: Platform;
  /** Image name for messages. */
  name: string;
  fetch: (entry: IndexEntry) => Promise<FetchedDocument>;
}

/** Maximum number of levels of nested indexes. */
const mostLevels = 4;
/** Maximum number of entries of one index that are searched because they are indexes without a platform. */
const mostNested = 16;

/** Follows indexes to the manifest for a platform; throws not-found without one. */
export async function followIndex(top: FetchedDocument, options: FollowOptions): Promise<ImageParts> {
  const offered: Platform[] = [];
  const found = await search(top, { ...options, offered }, mostLevels);
  if (!found) throw noMatch(options.platform, options.name, offered);
  return { ...found, target: top.descriptor };
}

async function search(
  { descriptor, document }: FetchedDocument,
  options: FollowOptions & { offered: Platform[] },
  levels: number,
): Promise<Omit<ImageParts, "target"> | undefined> {
  if (document.kind === "manifest") return { manifestDescriptor: descriptor, manifest: document.manifest };
  if (levels === 0) {
    throw invalidArgument(`${options.name}: more than ${mostLevels} levels of nested indexes`);
  }
  options.offered.push(...platformsOf(document.index));
  for (const entry of candidates(document.index, options.platform)) {
    const found = await search(await options.fetch(entry), options, levels - 1);
    if (found) return found;
  }
  return undefined;
}

/** Returns the entry for the platform; without one, the nested indexes without a platform. */
function candidates(index: ImageIndex, platform: Platform): IndexEntry[] {
  const fitting = findManifest(index, platform);
  if (fitting) return [fitting];
  const nested = index.manifests.filter(
    (entry) => isIndexType(entry.mediaType) && entry.platform === undefined,
  );
  return nested.slice(0, mostNested);
}
