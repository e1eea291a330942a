import { formatPlatform, type Platform } from "#oci/platform.ts";

/** Returns the predefined arguments with the build and target platforms. */
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

/**
 * Returns the proxy arguments, with names in lower and in upper case, because programs read only one of them. They need no
 * declaration and appear neither in the image nor in the cache key.
 */
export function proxyEnvironment(given: Record<string, string>): string[] {
  const found = Object.entries(given).filter(([name]) => proxies.includes(name.toLowerCase()));
  const both = found.flatMap(([name, value]) => [
    [name.toLowerCase(), value],
    [name.toUpperCase(), value],
  ]);
  const values: Record<string, string> = Object.fromEntries([...both, ...found]);
  return Object.entries(values).map(([name, value]) => `${name}=${value}`);
}

/** Arguments for the builder itself, as in BuildKit; they need no declaration. */
const builderArguments = [
  "BUILDKIT_CACHE_MOUNT_NS",
  "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
  "BUILDKIT_DOCKERFILE_CHECK",
  "BUILDKIT_INLINE_CACHE",
  "BUILDKIT_SANDBOX_HOSTNAME",
  // Ignored: the built-in front end is the only one.
  "BUILDKIT_SYNTAX",
];

export function isPredefined(name: string): boolean {
  return proxies.includes(name.toLowerCase()) || builderArguments.includes(name);
}
