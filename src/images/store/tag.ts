import { canonicalRepository, type Reference, withDefaultTag } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import type { Workshop } from "../services.ts";
import { findImage, targetOf } from "./resolve.ts";

/** Gives an image one more name; one that was another's moves. Gives the image's ID. */
export async function tagImage(workshop: Workshop, source: string, target: Reference): Promise<string> {
  const image = findImage(workshop.records, source);
  if (target.digest !== undefined) {
    throw invalidArgument("refusing to create a tag with a digest reference");
  }
  const { tag = "latest" } = withDefaultTag(target);
  const named = { ...image, target: targetOf(workshop.records, source, image) };
  workshop.records.add(named, { tag: `${canonicalRepository(target)}:${tag}` });
  await workshop.changed();
  return image.id;
}
