import { parseRegistryConfig } from "#api/build.ts";
import type { CheckLine } from "#images/check.ts";
import type { Images } from "#images/images.ts";
import { credentialsIn } from "./build/classic-request.ts";

/** `POST /tbox/check`: one line for all that is damaged, and a last one that sums up. */
export function checkStore(images: Images, repair: boolean, request: Request): AsyncIterable<CheckLine> {
  const credentials = credentialsIn(parseRegistryConfig(request.headers.get("x-registry-config")));
  return images.check({ repair, credentials, signal: request.signal });
}
