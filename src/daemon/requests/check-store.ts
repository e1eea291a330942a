import { parseRegistryConfig } from "#api/requests/build.ts";
import type { CheckOptions } from "#images/upkeep/image-maintenance.ts";
import { credentialsByDomain } from "./build-credentials.ts";

/** Returns the options of `POST /tbox/check`. */
export function parseCheck(repair: boolean, { headers, signal }: Request): CheckOptions {
  const credentials = credentialsByDomain(parseRegistryConfig(headers.get("x-registry-config")));
  return { repair, credentials, signal };
}
