import type { BridgeResult } from "../protocol/gateway.ts";
import { definitionOfImage } from "./definition-source.ts";

/** Returns the result of a front end whose result is an image. */
export function resultOfImage(id: string, metadata: Map<string, Uint8Array>): BridgeResult {
  return { reference: { id, definition: definitionOfImage(id) }, metadata };
}

/** Returns the image that a result refers to; undefined for an empty result. */
export function idOfReference({ oldReference, reference, references }: BridgeResult): string | undefined {
  const several = [...(references?.references?.values() ?? [])];
  const id = reference?.id || several[0]?.id || oldReference;
  return id === "" ? undefined : id;
}
