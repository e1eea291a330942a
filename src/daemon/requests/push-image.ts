import { parseRegistryAuth } from "#api/requests/registry-auth.ts";
import type { PushOptions } from "#images/transfer/image-transfer.ts";
import type { Platform } from "#oci/platform.ts";
import { parseReference, parseTag, type Reference } from "#oci/reference.ts";

/** Query of `POST /images/{name}/push`. */
export interface PushQuery {
  /** Tag to push. If empty, the name's own tag, or all tags for a name without a tag. */
  tag: string;
  platform?: Platform | undefined;
}

/** Returns the push that `POST /images/{name}/push` requests. */
export function parsePush(
  name: string,
  { tag, platform }: PushQuery,
  request: Request,
): { reference: Reference; options: PushOptions } {
  const credentials = parseRegistryAuth(request.headers.get("x-registry-auth"));
  const reference = parseReference(name);
  const options = {
    signal: request.signal,
    ...(platform === undefined ? {} : { platform }),
    ...(credentials === undefined ? {} : { credentials }),
  };
  return { reference: tag === "" ? reference : { ...reference, tag: parseTag(tag) }, options };
}
