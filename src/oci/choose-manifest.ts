import { TboxError } from "#support/errors.ts";
import type { ImageIndex, IndexEntry } from "./manifest.ts";
import { distance, formatPlatform, type Platform } from "./platform.ts";

/** Returns the entry like `findManifest`; throws not-found, in Docker's words, if there is none. */
export function chooseManifest(index: ImageIndex, wanted: Platform, name: string): IndexEntry {
  const chosen = findManifest(index, wanted);
  if (chosen) return chosen;
  throw noMatch(wanted, name, platformsOf(index));
}

/** Returns Docker's error for an image without the requested platform; the message lists the available platforms. */
export function noMatch(wanted: Platform, name: string, offered: readonly Platform[]): TboxError {
  const message = `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries of ${name}`;
  const names = [...new Set(offered.map(formatPlatform))];
  return new TboxError("not-found", names.length === 0 ? message : `${message}: it has ${names.join(", ")}`);
}

/** Returns the platforms of an index; attestations have the OS `unknown`. */
export function platformsOf({ manifests }: ImageIndex): Platform[] {
  return manifests.flatMap(({ platform }) => (platform && platform.os !== "unknown" ? [platform] : []));
}

/**
 * Returns the entry of an index for a platform: the closest match, the first of several. Ignores attestations and
 * entries without a platform.
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

/** Returns the single entry of an index without platforms, which is used for every platform. */
function onlyEntry({ manifests: [only, ...others] }: ImageIndex): IndexEntry | undefined {
  return only && others.length === 0 && only.platform === undefined ? only : undefined;
}
