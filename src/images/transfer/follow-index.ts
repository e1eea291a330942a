import { findManifest, noMatch } from "#oci/choose-manifest.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { ImageIndex, IndexEntry, ManifestDocument } from "#oci/manifest.ts";
import { isIndexType } from "#oci/media-types.ts";
import type { Platform } from "#oci/platform.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ImageParts } from "../store/store-image.ts";

export interface FetchedDocument {
  descriptor: Descriptor;
  document: ManifestDocument;
}

export interface FollowOptions {
  platform: Platform;
  /** Of the image, for messages. */
  name: string;
  fetch: (entry: IndexEntry) => Promise<FetchedDocument>;
}

/** Indexes within indexes, at most. */
const deepest = 4;
/** Indexes without a platform that one index may hold. */
const widest = 16;

/** Follows indexes to the manifest for a platform; throws not-found where there is none. */
export async function followIndex(top: FetchedDocument, options: FollowOptions): Promise<ImageParts> {
  const found = await search(top, options, deepest);
  if (!found) throw noMatch(options.platform, options.name);
  return { ...found, target: top.descriptor };
}

async function search(
  { descriptor, document }: FetchedDocument,
  options: FollowOptions,
  levels: number,
): Promise<Omit<ImageParts, "target"> | undefined> {
  if (document.kind === "manifest") return { manifestDescriptor: descriptor, manifest: document.manifest };
  if (levels === 0) {
    throw invalidArgument(`${options.name}: more than ${deepest} indexes within each other`);
  }
  for (const entry of candidates(document.index, options.platform)) {
    const found = await search(await options.fetch(entry), options, levels - 1);
    if (found) return found;
  }
  return undefined;
}

/** The entry that fits; without one the indexes that do not say what they are for. */
function candidates(index: ImageIndex, platform: Platform): IndexEntry[] {
  const fitting = findManifest(index, platform);
  if (fitting) return [fitting];
  const open = index.manifests.filter(
    (entry) => isIndexType(entry.mediaType) && entry.platform === undefined,
  );
  return open.slice(0, widest);
}
