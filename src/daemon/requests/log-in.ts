import { credentialsOf, type RegistryAuthFields } from "#api/requests/registry-auth.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { invalidArgument } from "#support/errors.ts";

/** Returns the registry and the credentials of `POST /auth`. */
export function parseLogin(fields: RegistryAuthFields): { domain: string; credentials: RegistryCredentials } {
  const credentials = credentialsOf(fields);
  if (credentials === undefined) throw invalidArgument("username: there is none to log in with");
  return { domain: domainOf(fields.serveraddress ?? ""), credentials };
}

/** Returns the domain of a server address: a host, a URL, or the URL of Docker Hub's first API. */
function domainOf(address: string): string {
  const host = address.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
  if (["", "index.docker.io", "registry-1.docker.io"].includes(host)) return "docker.io";
  if (URL.parse(`https://${host}`)?.host !== host) {
    throw invalidArgument(`serveraddress: invalid address "${address}"`);
  }
  return host;
}
