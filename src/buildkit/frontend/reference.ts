import { formatPlatform, hostPlatform, type Platform, parsePlatform } from "#oci/platform.ts";
import type { BridgeResult } from "../protocol/gateway.ts";
import { definitionOfImage } from "./definition-source.ts";

/** Name of the metadata that lists the platforms of a result. */
const platformsKey = "refs.platforms";

/** An image of a result. */
export interface ResultImage {
  id: string;
  platform: Platform;
}

/** Returns the result of a front end whose result is an image. */
export function resultOfImage(id: string, metadata: Map<string, Uint8Array>): BridgeResult {
  return { reference: { id, definition: definitionOfImage(id) }, metadata };
}

/** Returns the result of a front end with images for several platforms. */
export function resultOfImages(images: (ResultImage & { config: object })[]): BridgeResult {
  const named = images.map((image) => ({ ...image, name: formatPlatform(image.platform) }));
  const list = { Platforms: named.map(({ name, platform }) => ({ ID: name, Platform: platform })) };
  const configs = named.map(({ name, config }) => [`containerimage.config/${name}`, config] as const);
  const metadata = [[platformsKey, list] as const, ...configs];
  return {
    references: {
      references: new Map(named.map(({ name, id }) => [name, { id, definition: definitionOfImage(id) }])),
    },
    metadata: new Map(metadata.map(([name, value]) => [name, Buffer.from(JSON.stringify(value))])),
  };
}

/** Returns the images that a result refers to, and whether they form a list of platforms. */
export function imagesOfResult({ oldReference, reference, references, metadata }: BridgeResult): {
  images: ResultImage[];
  several: boolean;
} {
  const listed = [...(references?.references ?? [])].flatMap(([name, one]) =>
    one?.id ? [{ name, id: one.id }] : [],
  );
  if (listed.length === 0) {
    const id = reference?.id || oldReference || "";
    return { images: id === "" ? [] : [{ id, platform: hostPlatform() }], several: false };
  }
  const order = orderOf(metadata?.get(platformsKey));
  const sorted = listed.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  return { images: sorted.map(({ id, name }) => ({ id, platform: parsePlatform(name) })), several: true };
}

function orderOf(encoded: Uint8Array | undefined): string[] {
  if (encoded === undefined) return [];
  const { Platforms: platforms } = Object(JSON.parse(Buffer.from(encoded).toString()));
  return Array.isArray(platforms) ? platforms.map((one) => String(Object(one).ID)) : [];
}
