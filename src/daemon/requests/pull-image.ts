import { parseRegistryAuth } from "#api/requests/registry-auth.ts";
import type { Images, Progress } from "#images/images.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import { nameWithTag } from "./image-name.ts";

export interface PullQuery {
  fromImage?: string;
  repo?: string;
  tag?: string;
  message?: string;
  platform?: string;
  changes?: string;
}

/** `POST /images/create?fromImage=…`. */
export function pullImage(images: Images, query: PullQuery, request: Request): AsyncIterable<Progress> {
  const { fromImage, tag, platform, ...ofImports } = query;
  if (fromImage === undefined) throw invalidArgument("fromImage: the name of an image is missing");
  const foreign = Object.keys(ofImports)[0];
  if (foreign !== undefined) throw invalidArgument(`${foreign}: only for imports`);
  const name = nameWithTag(fromImage, tag);
  const credentials = parseRegistryAuth(request.headers.get("x-registry-auth"));
  const isWhole = /[:@][^/]*$/.test(name);
  return images[isWhole ? "pull" : "pullAllTags"](parseReference(name), {
    signal: request.signal,
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    ...(credentials === undefined ? {} : { credentials }),
  });
}
