import { TboxError } from "#support/errors.ts";
import type { ImageIndex, IndexEntry } from "./manifest.ts";
import { distance, formatPlatform, type Platform } from "./platform.ts";

/**
 * The entry of an index for a platform: the nearest that fits, the first among equals.
 * Attestations and entries without an architecture are no images.
 */
export function chooseManifest(index: ImageIndex, wanted: Platform, name: string): IndexEntry {
  let chosen = onlyEntry(index);
  let best: number | undefined;
  for (const entry of index.manifests) {
    const found = entry.platform && distance(entry.platform, wanted);
    if (found === undefined || (best !== undefined && found >= best)) continue;
    chosen = entry;
    best = found;
  }
  if (chosen) return chosen;
  const message = `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries of ${name}`;
  throw new TboxError("not-found", message);
}

/** An index that names no platforms and has one entry leaves no choice. */
function onlyEntry({ manifests: [only, ...others] }: ImageIndex): IndexEntry | undefined {
  return only && others.length === 0 && only.platform === undefined ? only : undefined;
}
