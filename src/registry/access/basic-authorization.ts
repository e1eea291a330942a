import type { RegistryCredentials } from "#oci/registry-credentials.ts";

/** Returns the `Authorization` header of a user name and password; undefined without a user name. */
export function basicAuthorization(credentials: RegistryCredentials | undefined): string | undefined {
  if (!credentials?.username) return undefined;
  const pair = `${credentials.username}:${credentials.password ?? ""}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}
