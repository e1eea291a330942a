import { canonicalRepository, familiarRepository, parseReference } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import { unknownFilter } from "#support/filters/filters.ts";
import { labelFilter } from "#support/filters/labels.ts";
import { ObjectCache, timeless } from "#support/object-cache.ts";
import { untilFilter } from "#support/time/moment.ts";
import type { ImageServices } from "../services.ts";
import { describer } from "./describe-image.ts";
import { findImage } from "./find-image.ts";
import type { ImageDetails, ImageFilter } from "./image-queries.ts";
import { partsOfNamedIndexes } from "./index-parts.ts";

type Test = (image: ImageDetails) => boolean;

const filterNames = new Set(["reference", "dangling", "label", "before", "since", "until"]);

/** Cached descriptions of all images, newest first. */
const descriptions = new ObjectCache<ImageServices, readonly ImageDetails[]>();

function describeAll(services: ImageServices): readonly ImageDetails[] {
  const { records, embedded } = services;
  const describe = () =>
    timeless(
      records
        .all()
        .map(describer(services))
        .sort((a, b) => b.created - a.created),
    );
  return descriptions.get(services, [revisionOf(services), embedded.id()], Date.now(), describe).value;
}

/** Returns a number that changes whenever an image, a name or a layer changes. */
export function revisionOf({ records, layers }: Pick<ImageServices, "records" | "layers">): number {
  return records.revision() + layers.revision();
}

/** Returns the matching images, newest first. Untagged images are always included: Docker shows them as dangling. */
export async function listImages(
  services: ImageServices,
  { filters }: ImageFilter,
): Promise<readonly ImageDetails[]> {
  const unknown = [...filters.keys()].find((key) => !filterNames.has(key));
  if (unknown !== undefined) throw unknownFilter(unknown);
  const parts = await partsOfNamedIndexes(services);
  const all = describeAll(services);
  const details = parts.size === 0 ? all : all.filter(({ id }) => !parts.has(id));
  if (filters.size === 0) return details;
  const tests = [...filters].map(([key, values]) => testFor(services, key, values));
  return details
    .map((image) => withMatchingNames(image, filters.get("reference")))
    .filter((image) => tests.every((test) => test(image)));
}

function testFor({ records }: ImageServices, key: string, values: string[]): Test {
  switch (key) {
    case "dangling": {
      const wanted = parseDangling(values);
      return (image) => (image.repoTags.length === 0) === wanted;
    }
    case "label": {
      const test = labelFilter("label", values);
      return ({ config }) => test(config.config?.Labels);
    }
    case "before":
    case "since": {
      const times = values.map((value) => findImage(records, value).created);
      return ({ created }) => times.every((time) => (key === "before" ? created < time : created > time));
    }
    case "until": {
      const test = untilFilter(values);
      return ({ created }) => test(created);
    }
    // `reference`: only the matching names are left.
    default:
      return ({ repoTags, repoDigests }) => repoTags.length + repoDigests.length > 0;
  }
}

/** Drops the names that match no pattern of the filter `reference`. */
function withMatchingNames(image: ImageDetails, patterns: string[] | undefined): ImageDetails {
  if (!patterns) return image;
  const globs = patterns.map((pattern) => new Bun.Glob(pattern));
  const fits = (name: string) => {
    const reference = parseReference(name);
    const names = [name, familiarRepository(reference), canonicalRepository(reference)];
    return globs.some((glob) => names.some((one) => glob.match(one)));
  };
  return { ...image, repoTags: image.repoTags.filter(fits), repoDigests: image.repoDigests.filter(fits) };
}

function parseDangling(values: string[]): boolean {
  const [value = "", ...others] = values;
  if (others.length === 0 && ["1", "true", "t"].includes(value.toLowerCase())) return true;
  if (others.length === 0 && ["0", "false", "f"].includes(value.toLowerCase())) return false;
  throw invalidArgument(`invalid filter 'dangling=[${values.join(" ")}]'`);
}
