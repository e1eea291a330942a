import { familiarName, parseReference } from "#oci/reference.ts";
import type { HistoryEntry } from "../images.ts";
import type { ImageServices } from "../services.ts";
import { findImage } from "./resolve.ts";

/** What made an image, newest first, with the size of what each step left. */
export function historyOf({ records, layers }: ImageServices, name: string): HistoryEntry[] {
  const image = findImage(records, name);
  const waiting = [...image.diffIds];
  const entries: HistoryEntry[] = (image.config.history ?? []).map((step) => {
    const diffId = step.empty_layer ? undefined : waiting.shift();
    return {
      id: "<missing>",
      created: Math.max(0, Math.floor(Date.parse(step.created ?? "") / 1000) || 0),
      createdBy: step.created_by ?? "",
      comment: step.comment ?? "",
      size: diffId === undefined ? 0 : layers.size(diffId),
      tags: [],
    };
  });
  // Layers that no step is told of.
  for (const diffId of waiting) {
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
