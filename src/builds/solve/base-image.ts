import type { BaseImage } from "#images/authoring/image-authoring.ts";
import type { Platform } from "#oci/platform.ts";
import { familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { errorCode } from "#support/errors.ts";
import type { BuildEvent, BuildRequest } from "../builder.ts";
import type { Workshop } from "../services.ts";

export interface ImageSource {
  workshop: Workshop;
  request: BuildRequest;
  signal: AbortSignal;
  emit(event: BuildEvent): void;
}

/** An image of the store, if it is there. */
export async function imageHere(
  { images }: Workshop,
  name: string,
  platform: Platform | undefined,
): Promise<BaseImage | undefined> {
  try {
    return await images.resolveBase(name, platform);
  } catch (error) {
    if (errorCode(error) !== "not-found") throw error;
    return undefined;
  }
}

/** An image, pulled where it is not here or is to be asked for. */
export async function fetchImage(
  { workshop, request, signal, emit }: ImageSource,
  name: string,
  platform: Platform | undefined,
): Promise<BaseImage> {
  const here = request.pull ? undefined : await imageHere(workshop, name, platform);
  if (here) return here;
  const reference = withDefaultTag(parseReference(name));
  const credentials = request.credentials(reference.domain);
  const progress = workshop.images.pull(reference, {
    signal,
    ...(platform === undefined ? {} : { platform }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  for await (const one of progress) emit({ type: "pulling", progress: one });
  return workshop.images.resolveBase(familiarName(reference), platform);
}
