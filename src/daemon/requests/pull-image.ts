import { parseRegistryAuth } from "#api/requests/registry-auth.ts";
import type { PullOptions } from "#images/transfer/image-transfer.ts";
import { parsePlatform } from "#oci/platform.ts";
import { parseReference, type Reference } from "#oci/reference.ts";
import { invalidArgument } from "#support/errors.ts";
import { nameWithTag } from "./image-name.ts";

/** Query of `POST /images/create` without `fromSrc`. */
export interface PullQuery {
  fromImage?: string;
  repo?: string;
  tag?: string;
  message?: string;
  platform?: string;
  changes?: string;
}

/** A pull of one image or, for a name without a tag, of all tags of the repository. */
export interface ParsedPull {
  reference: Reference;
  allTags: boolean;
  options: PullOptions;
}

/** Returns the pull that `POST /images/create` requests. */
export function parsePull(query: PullQuery, request: Request): ParsedPull {
  const { fromImage, tag, platform, ...importOnly } = query;
  if (fromImage === undefined) throw invalidArgument("fromImage: the name of an image is missing");
  const unwanted = Object.keys(importOnly)[0];
  if (unwanted !== undefined) throw invalidArgument(`${unwanted}: only for imports`);
  const name = nameWithTag(fromImage, tag);
  const credentials = parseRegistryAuth(request.headers.get("x-registry-auth"));
  const options = {
    signal: request.signal,
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    ...(credentials === undefined ? {} : { credentials }),
  };
  return { reference: parseReference(name), allTags: !/[:@][^/]*$/.test(name), options };
}
