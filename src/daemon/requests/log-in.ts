import { credentialsOf, type RegistryAuthFields } from "#api/requests/registry-auth.ts";
import type { Images } from "#images/images.ts";
import { invalidArgument } from "#support/errors.ts";

/** `POST /auth`: tries a user's credentials and keeps nothing of them. */
export async function logIn(images: Images, fields: RegistryAuthFields, signal: AbortSignal) {
  const credentials = credentialsOf(fields);
  if (credentials === undefined) throw invalidArgument("username: there is none to log in with");
  await images.logIn(domainOf(fields.serveraddress ?? ""), credentials, signal);
  return { Status: "Login Succeeded", IdentityToken: "" };
}

/** Clients name a registry by its host, by a URL, or Docker Hub by the URL of its first version. */
function domainOf(address: string): string {
  const host = address.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
  if (["", "index.docker.io", "registry-1.docker.io"].includes(host)) return "docker.io";
  if (URL.parse(`https://${host}`)?.host !== host) {
    throw invalidArgument(`serveraddress: invalid address "${address}"`);
  }
  return host;
}
