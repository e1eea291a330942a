import type { BaseImage } from "#images/authoring/image-authoring.ts";
import type { Platform } from "#oci/platform.ts";
import { familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { errorCode, TboxError } from "#support/errors.ts";
import type { BuildEvent, BuildRequest } from "../builder.ts";
import type { BuilderServices } from "../services.ts";

export interface ImageSource {
  services: BuilderServices;
  request: BuildRequest;
  signal: AbortSignal;
  emit(event: BuildEvent): void;
}

/** Returns an image of the local store, if it is there. */
export async function findLocalImage(
  { images }: BuilderServices,
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

/** Returns an image; pulls it when it is not in the store or the request asks for a pull. */
export async function fetchImage(
  { services, request, signal, emit }: ImageSource,
  name: string,
  platform: Platform | undefined,
): Promise<BaseImage> {
  // An image ID names an image of the store only.
  const isId = /^sha256:[0-9a-f]{64}$/.test(name);
  const local = request.pull && !isId ? undefined : await findLocalImage(services, name, platform);
  if (local) return local;
  if (isId) return namedById(services, name);
  const reference = withDefaultTag(parseReference(name));
  const credentials = await request.credentials(reference.domain);
  const progress = services.images.pull(reference, {
    signal,
    keepsTag: true,
    ...(platform === undefined ? {} : { platform }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  const image = familiarName(reference);
  for await (const one of progress) emit({ type: "pulling", image, progress: one });
  // An image without an index serves every platform, as in BuildKit; a check reports that it is another one.
  const pulled = await findLocalImage(services, image, platform);
  return pulled ?? services.images.resolveBase(image);
}

/**
 * Returns the image with an ID, whatever its platform. `bake` passes the result of another target by its ID, and a target that
 * starts with `FROM --platform=$BUILDPLATFORM` has the platform of the builder.
 */
async function namedById(services: BuilderServices, id: string): Promise<BaseImage> {
  const found = await findLocalImage(services, id, undefined);
  if (found) return found;
  throw new TboxError("not-found", `No such image: ${id}`);
}
