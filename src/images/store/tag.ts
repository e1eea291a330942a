import { canonicalRepository, type Reference, withDefaultTag } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { findImage, targetOf } from "./resolve.ts";

/** Gives an image one more name; one that was another's moves. Gives the image's ID. */
export async function tagImage(services: ImageServices, source: string, target: Reference): Promise<string> {
  const image = findImage(services.records, source);
  if (target.digest !== undefined) {
    throw invalidArgument("refusing to create a tag with a digest reference");
  }
  const { tag = "latest" } = withDefaultTag(target);
  const named = { ...image, target: targetOf(services.records, source, image) };
  services.records.add(named, { tag: `${canonicalRepository(target)}:${tag}` });
  await services.changed();
  return image.id;
}
