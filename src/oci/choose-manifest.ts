import { TboxError } from "#support/errors.ts";
import type { ImageIndex, IndexEntry } from "./manifest.ts";
import { formatPlatform, matchesPlatform, type Platform } from "./platform.ts";

/**
 * The entry of an index for a platform: the first that fits, one of the very variant before others.
 * Attestations and entries without an architecture are no images.
 */
export function chooseManifest(index: ImageIndex, wanted: Platform, name: string): IndexEntry {
  const fitting = index.manifests.filter(({ platform }) => platform && matchesPlatform(platform, wanted));
  const exact = fitting.find(({ platform }) => platform?.variant === wanted.variant);
  const chosen = exact ?? fitting[0] ?? onlyEntry(index);
  if (chosen) return chosen;
  const message = `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries of ${name}`;
  throw new TboxError("not-found", message);
}

/** An index that names no platforms and has one entry leaves no choice. */
function onlyEntry({ manifests: [only, ...others] }: ImageIndex): IndexEntry | undefined {
  return only && others.length === 0 && only.platform === undefined ? only : undefined;
}
