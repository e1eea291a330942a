import type { Reference } from "#oci/reference.ts";
import { invalidArgument, type TboxError } from "#support/errors.ts";
import { isLoopback, isWithin, withoutBrackets } from "#support/http/addresses.ts";

/** Base URL of a registry's API. */
export interface RegistryBase {
  url: URL;
  /** Base URL with the other scheme, used if the server does not support the first scheme. */
  fallback: URL | undefined;
}

/**
 * Returns the base URL of a domain's registry: https only, except in two cases. On loopback, http is tried first. For
 * a domain that the user has listed as insecure, any certificate is accepted and http is the fallback.
 */
export function registryBase(domain: string, insecure: readonly string[]): RegistryBase {
  // Docker Hub's API has another host name than `docker.io`.
  const host = domain === "docker.io" ? "registry-1.docker.io" : domain;
  const [https, http] = [URL.parse(`https://${host}`), URL.parse(`http://${host}`)];
  if (https === null || http === null) throw invalidAddress(domain);
  if (isListed(domain, https.hostname, insecure)) return { url: https, fallback: http };
  if (isLoopback(https.hostname)) return { url: http, fallback: https };
  return { url: https, fallback: undefined };
}

function invalidAddress(domain: string): TboxError {
  const port = /:(\d+)$/.exec(domain)?.[1];
  const reason = Number(port) > 65_535 ? `port ${port} is above 65535` : "not the address of a server";
  return invalidArgument(`registry ${domain}: ${reason}`);
}

/** Returns the base URL of a reference's registry, never of a mirror: mirrors do not accept pushes. */
export function baseOf({ domain }: Reference, { insecure }: { insecure: readonly string[] }): RegistryBase {
  return registryBase(domain, insecure);
}

/** Returns whether the list contains the domain with its port, the host name, or a network with the host's address. */
function isListed(domain: string, hostname: string, insecure: readonly string[]): boolean {
  const address = withoutBrackets(hostname);
  return insecure.some((entry) =>
    entry.includes("/") ? isWithin(address, entry) : entry === domain || entry === hostname,
  );
}
