import type { DownloadReach } from "#support/http/open-download.ts";
import type { BuildRequest } from "../builder.ts";

/** Returns the servers that downloads of a build may contact: the servers that the build's containers can reach. */
export function reachOf({ network, allowHostNetwork }: BuildRequest): DownloadReach {
  return network === "host" || allowHostNetwork ? "any" : "other-machines";
}
