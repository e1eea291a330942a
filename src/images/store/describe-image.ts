import type { LayerQueries } from "#layers/layers.ts";
import type { DiffId } from "#oci/digest.ts";
import type { ImageServices } from "../services.ts";
import type { ImageDetails } from "./image-queries.ts";
import type { ImageRecord } from "./image-records.ts";

/** Returns a function that describes images. Looks up the current names once for all images. */
export function describer({
  records,
  layers,
  embedded,
}: Pick<ImageServices, "records" | "layers" | "embedded">): (record: ImageRecord) => ImageDetails {
  const names = Map.groupBy(records.names(), ({ id }) => id);
  const digests = Map.groupBy(records.digests(), ({ id }) => id);
  const embeddedId = embedded.id();
  return (record) => {
    const own = names.get(record.id) ?? [];
    let tagged = 0;
    for (const name of own) tagged = Math.max(tagged, name.tagged);
    return {
      id: record.id,
      config: record.config,
      diffIds: record.diffIds,
      embedded: record.id === embeddedId,
      repoTags: familiarNames(own),
      repoDigests: familiarNames(digests.get(record.id) ?? []),
      target: record.target,
      size: sizeOf(record.diffIds, layers),
      created: record.created,
      ...(tagged > 0 ? { lastTagged: tagged } : {}),
      parent: record.parent !== undefined && records.get(record.parent) ? record.parent : "",
    };
  };
}

function familiarNames(names: { name: string }[]): string[] {
  const found = names.map(({ name }) => shortenName(name));
  return found.length > 1 ? found.sort() : found;
}

/** Returns the total size of the layers; a repeated layer counts once. */
function sizeOf(diffIds: DiffId[], layers: LayerQueries): number {
  let sum = 0;
  for (const diffId of new Set(diffIds)) sum += layers.size(diffId);
  return sum;
}

/** Returns the familiar form of a canonical name without parsing it: a list can have thousands of names. */
export function shortenName(name: string): string {
  if (!name.startsWith("docker.io/")) return name;
  return name.replace(/^docker\.io\/(?:library\/(?=[^/]*$))?/, "");
}
