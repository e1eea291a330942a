import { formatPlatform, type Platform } from "#oci/platform.ts";

/** The arguments that every Dockerfile may declare without a value. */
export function platformArguments(build: Platform, target: Platform, stage: string): Record<string, string> {
  return {
    BUILDPLATFORM: formatPlatform(build),
    BUILDOS: build.os,
    BUILDARCH: build.architecture,
    BUILDVARIANT: build.variant ?? "",
    TARGETPLATFORM: formatPlatform(target),
    TARGETOS: target.os,
    TARGETARCH: target.architecture,
    TARGETVARIANT: target.variant ?? "",
    TARGETSTAGE: stage,
  };
}

const proxies = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"];

/** The proxies among the arguments: programs get them without being asked, and neither image nor cache knows. */
export function proxyEnvironment(given: Record<string, string>): string[] {
  return Object.entries(given)
    .filter(([name]) => proxies.includes(name.toLowerCase()))
    .map(([name, value]) => `${name}=${value}`);
}

/** What the builder itself takes, as BuildKit's does: nobody has to declare it. */
const ofBuilder = [
  "BUILDKIT_CACHE_MOUNT_NS",
  "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
  "BUILDKIT_DOCKERFILE_CHECK",
  "BUILDKIT_INLINE_CACHE",
  "BUILDKIT_SANDBOX_HOSTNAME",
  // There is one front end, which is built in.
  "BUILDKIT_SYNTAX",
];

export function isPredefined(name: string): boolean {
  return proxies.includes(name.toLowerCase()) || ofBuilder.includes(name);
}
