import type { Digest } from "#oci/digest.ts";
import { canonicalRepository, familiarName, type Reference, withDefaultTag } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import { findImage, targetOf } from "../store/find-image.ts";

/** Adds a name to an image, or moves it from another one; returns the image's ID. */
export async function tagImage(services: ImageServices, source: string, target: Reference): Promise<Digest> {
  const image = findImage(services.records, source);
  if (target.digest !== undefined) {
    throw invalidArgument("refusing to create a tag with a digest reference");
  }
  if (/^(sha256|sha384|sha512)$/.test(familiarName(target).replace(/:[^:/]*$/, ""))) {
    throw invalidArgument("refusing to create an ambiguous tag using digest algorithm as name");
  }
  const { tag = "latest" } = withDefaultTag(target);
  const named = { ...image, target: targetOf(services.records, source, image) };
  services.records.add(named, { tag: `${canonicalRepository(target)}:${tag}` });
  await services.writeIndex();
  return image.id;
}
