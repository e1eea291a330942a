import type { DownloadReach } from "#support/http/open-download.ts";
import type { BuildRequest } from "../builder.ts";

/** Returns the servers that the downloads of a build may contact: those that its containers reach. */
export function reachOf({ network, allowHostNetwork }: BuildRequest): DownloadReach {
  return network === "host" || allowHostNetwork ? "any" : "other-machines";
}
