import { parseRegistryAuth } from "#api/requests/registry-auth.ts";
import type { Images, PushProgress } from "#images/images.ts";
import type { Platform } from "#oci/platform.ts";
import { parseReference, parseTag } from "#oci/reference.ts";

export interface PushQuery {
  /** Empty: the name's own, or all tags. */
  tag: string;
  platform?: Platform | undefined;
}

/** `POST /images/{name}/push`. */
export function pushImage(
  images: Images,
  name: string,
  { tag, platform }: PushQuery,
  request: Request,
): AsyncIterable<PushProgress> {
  const credentials = parseRegistryAuth(request.headers.get("x-registry-auth"));
  const reference = parseReference(name);
  return images.push(tag === "" ? reference : { ...reference, tag: parseTag(tag) }, {
    signal: request.signal,
    ...(platform === undefined ? {} : { platform }),
    ...(credentials === undefined ? {} : { credentials }),
  });
}
