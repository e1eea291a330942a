import { formatPlatform, type Platform } from "#oci/platform.ts";
import { invalidArgument } from "#support/errors.ts";

/** Part of an exported image that has annotations. */
export type AnnotationPlace = "manifest" | "manifest-descriptor" | "index" | "index-descriptor";

/** An annotation that an output adds. */
export interface Annotation {
  place: AnnotationPlace;
  /** The only platform that has it. */
  platform: string | undefined;
  key: string;
  value: string;
}

const places: readonly string[] = ["manifest", "manifest-descriptor", "index", "index-descriptor"];

/** Reads an attribute `annotation.KEY` or `annotation-PLACE[PLATFORM].KEY`; undefined for any other attribute. */
export function readAnnotation(name: string, value: string): Annotation | undefined {
  const [, place = "manifest", platform, key = ""] =
    /^annotation(?:-([a-z-]+))?(?:\[([^\]]*)\])?\.(.+)$/.exec(name) ?? [];
  if (key === "") return undefined;
  if (!isPlace(place)) throw invalidArgument(`annotation ${name}: unknown type ${place}`);
  return { place, platform, key, value };
}

function isPlace(text: string): text is AnnotationPlace {
  return places.includes(text);
}

/** Returns the annotations of a place, for a platform if there are several. */
export function annotationsFor(
  annotations: Annotation[],
  place: AnnotationPlace,
  platform?: Platform,
): Record<string, string> {
  const shown = platform && formatPlatform(platform);
  const fitting = annotations.filter(
    (one) => one.place === place && (one.platform === undefined || one.platform === shown),
  );
  return Object.fromEntries(fitting.map(({ key, value }) => [key, value]));
}
