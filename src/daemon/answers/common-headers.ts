import { newestVersion } from "#api/versions.ts";
import { version } from "#support/version.ts";

/** Headers of every response. */
export const commonHeaders: Record<string, string> = {
  "Api-Version": newestVersion,
  "Docker-Experimental": "false",
  Ostype: "linux",
  Server: `tbox/${version} (linux)`,
};
