import { parseRegistryAuth } from "#api/requests/registry-auth.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";

/** Keys under which clients send credentials for Docker Hub. */
const hubKeys = ["https://index.docker.io/v1/", "docker.io", "index.docker.io"];

/**
 * Returns a function that looks up the credentials for a registry's domain. The client sends one `X-Registry-Auth`
 * value for each domain.
 */
export function credentialsByDomain(
  headers: Record<string, string>,
): (domain: string) => RegistryCredentials | undefined {
  return (domain) => {
    const keys = domain === "docker.io" ? hubKeys : [domain];
    const key = keys.find((one) => Object.hasOwn(headers, one));
    return key === undefined ? undefined : parseRegistryAuth(headers[key]);
  };
}
