import { TboxError } from "#support/errors.ts";
import type { ImageIndex, IndexEntry } from "./manifest.ts";
import { distance, formatPlatform, type Platform } from "./platform.ts";

/** As `findManifest`; throws not-found in Docker's words where nothing fits. */
export function chooseManifest(index: ImageIndex, wanted: Platform, name: string): IndexEntry {
  const chosen = findManifest(index, wanted);
  if (chosen) return chosen;
  throw noMatch(wanted, name);
}

export function noMatch(wanted: Platform, name: string): TboxError {
  const message = `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries of ${name}`;
  return new TboxError("not-found", message);
}

/**
 * The entry of an index for a platform: the nearest that fits, the first among equals.
 * Attestations and entries without an architecture are no images.
 */
export function findManifest(index: ImageIndex, wanted: Platform): IndexEntry | undefined {
  let chosen = onlyEntry(index);
  let best: number | undefined;
  for (const entry of index.manifests) {
    const found = entry.platform && distance(entry.platform, wanted);
    if (found === undefined || (best !== undefined && found >= best)) continue;
    chosen = entry;
    best = found;
  }
  return chosen;
}

/** An index that names no platforms and has one entry leaves no choice. */
function onlyEntry({ manifests: [only, ...others] }: ImageIndex): IndexEntry | undefined {
  return only && others.length === 0 && only.platform === undefined ? only : undefined;
}
