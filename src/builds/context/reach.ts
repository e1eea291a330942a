import type { Reach } from "#support/http/reach.ts";
import type { BuildRequest } from "../builder.ts";

/** Returns the servers that downloads of a build may contact: the servers that the build's containers can reach. */
export function reachOf({ network, allowHostNetwork }: BuildRequest): Reach {
  return network === "host" || allowHostNetwork ? "any" : "other-machines";
}
