import { parseRegistryConfig } from "#api/requests/build.ts";
import type { Images } from "#images/images.ts";
import type { CheckLine } from "#images/upkeep/check.ts";
import { credentialsIn } from "./classic-build.ts";

/** `POST /tbox/check`: one line for all that is damaged, and a last one that sums up. */
export function checkStore(images: Images, repair: boolean, request: Request): AsyncIterable<CheckLine> {
  const credentials = credentialsIn(parseRegistryConfig(request.headers.get("x-registry-config")));
  return images.check({ repair, credentials, signal: request.signal });
}
