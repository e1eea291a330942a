import type { Layers } from "#layers/layers.ts";
import type { DiffId } from "#oci/digest.ts";
import { canonicalRepository, familiarRepository, parseReference } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import { unknownFilter } from "#support/filters/filters.ts";
import { labelFilter } from "#support/filters/labels.ts";
import { untilFilter } from "#support/time/moment.ts";
import type { ImageDetails, ImageFilter } from "../images.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "./records.ts";
import { findImage } from "./resolve.ts";

const filterNames = new Set(["reference", "dangling", "label", "before", "since", "until"]);

/** Describes images with what names they have now; looking those up once serves all of them. */
export function describer(
  { records, layers }: ImageServices,
  embedded: string | undefined,
): (record: ImageRecord) => ImageDetails {
  const names = Map.groupBy(records.names(), ({ id }) => id);
  const digests = Map.groupBy(records.digests(), ({ id }) => id);
  return (record) => {
    const own = names.get(record.id) ?? [];
    let tagged = 0;
    for (const name of own) tagged = Math.max(tagged, name.tagged);
    return {
      id: record.id,
      config: record.config,
      diffIds: record.diffIds,
      embedded: record.id === embedded,
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

/** Newest first. Without `all`, images that are only in the store by their ID are shown too: they dangle. */
export function listImages(
  services: ImageServices,
  { filters }: ImageFilter,
  embedded: string | undefined,
): ImageDetails[] {
  const unknown = [...filters.keys()].find((key) => !filterNames.has(key));
  if (unknown !== undefined) throw unknownFilter(unknown);
  const details = services.records.all().map(describer(services, embedded));
  const newestFirst = (images: ImageDetails[]) => images.sort((a, b) => b.created - a.created);
  if (filters.size === 0) return newestFirst(details);
  const tests = [...filters].map(([key, values]) => testFor(services, key, values));
  return newestFirst(
    details
      .map((image) => narrowed(image, filters.get("reference")))
      .filter((image) => tests.every((test) => test(image))),
  );
}

function testFor(
  { records }: ImageServices,
  key: string,
  values: string[],
): (image: ImageDetails) => boolean {
  switch (key) {
    case "dangling": {
      const wanted = booleanOf(values);
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
    // The names that do not fit have been taken away.
    default:
      return ({ repoTags, repoDigests }) => repoTags.length + repoDigests.length > 0;
  }
}

/** With `reference` only the names that match are shown. */
function narrowed(image: ImageDetails, patterns: string[] | undefined): ImageDetails {
  if (!patterns) return image;
  const globs = patterns.map((pattern) => new Bun.Glob(pattern));
  const fits = (name: string) => {
    const reference = parseReference(name);
    const names = [name, familiarRepository(reference), canonicalRepository(reference)];
    return globs.some((glob) => names.some((one) => glob.match(one)));
  };
  return { ...image, repoTags: image.repoTags.filter(fits), repoDigests: image.repoDigests.filter(fits) };
}

function booleanOf(values: string[]): boolean {
  const [value = "", ...others] = values;
  if (others.length === 0 && ["1", "true", "t"].includes(value.toLowerCase())) return true;
  if (others.length === 0 && ["0", "false", "f"].includes(value.toLowerCase())) return false;
  throw invalidArgument(`invalid filter 'dangling=[${values.join(" ")}]'`);
}

/** In order. */
function familiarNames(names: { name: string }[]): string[] {
  const found = names.map(({ name }) => familiar(name));
  return found.length > 1 ? found.sort() : found;
}

/** A layer that comes twice is there once. */
function sizeOf(diffIds: DiffId[], layers: Layers): number {
  let sum = 0;
  for (const diffId of new Set(diffIds)) sum += layers.size(diffId);
  return sum;
}

/** Of a canonical name, without taking it apart: there may be thousands. */
function familiar(name: string): string {
  if (!name.startsWith("docker.io/")) return name;
  return name.replace(/^docker\.io\/(?:library\/(?=[^/]*$))?/, "");
}
