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

export function isPredefined(name: string): boolean {
  return proxies.includes(name.toLowerCase());
}
