import { familiarName, parseReference } from "#oci/reference.ts";
import type { ImageServices } from "../services.ts";
import { findImage } from "./find-image.ts";
import type { HistoryEntry } from "./image-queries.ts";

/** Returns the image history with the size of each entry's layer, newest entry first. */
export function historyOf({ records, layers }: ImageServices, name: string): HistoryEntry[] {
  const image = findImage(records, name);
  const unassigned = [...image.diffIds];
  const entries = (image.config.history ?? []).map((step): HistoryEntry => {
    const diffId = step.empty_layer ? undefined : unassigned.shift();
    return {
      id: "<missing>",
      created: Math.max(0, Math.floor(Date.parse(step.created ?? "") / 1000) || 0),
      createdBy: step.created_by ?? "",
      comment: step.comment ?? "",
      size: diffId === undefined ? 0 : layers.size(diffId),
      tags: [],
    };
  });
  // A configuration can list fewer history entries than layers.
  for (const diffId of unassigned) {
    entries.push({
      id: "<missing>",
      created: 0,
      createdBy: "",
      comment: "",
      size: layers.size(diffId),
      tags: [],
    });
  }
  const newest = entries.at(-1);
  if (newest) {
    newest.id = image.id;
    newest.tags = records
      .names()
      .filter(({ id }) => id === image.id)
      .map((one) => familiarName(parseReference(one.name)));
  }
  return entries.reverse();
}
