import { TboxError } from "#support/errors.ts";
import { isLoopback, isPrivate, sameOrigin } from "#support/http/addresses.ts";
import type { Challenge } from "./challenge.ts";
import { isSameDomain } from "./same-domain.ts";

/** Returns the token server that a challenge names; throws if a registry must not send a client there. */
export function parseRealm(challenge: Challenge, registry: URL): URL {
  const realm = URL.parse(challenge.parameters.get("realm") ?? "");
  if (!realm || !["http:", "https:"].includes(realm.protocol)) {
    throw new TboxError("unavailable", `registry ${registry.host} names no usable token server`);
  }
  if (isPrivate(realm.hostname) && !isPrivate(registry.hostname)) {
    throw new TboxError(
      "forbidden",
      `registry ${registry.host} names a token server with an address of this machine: ${realm.host}`,
    );
  }
  realm.username = "";
  realm.password = "";
  return realm;
}

/**
 * Returns whether a token server may receive the credentials for a registry. The server must use https or have the
 * registry's origin. It must also be in the registry's domain, or be listed by the user.
 */
export async function isTrustedServer(
  realm: URL,
  { registry, tokenServers }: { registry: URL; tokenServers: readonly string[] },
): Promise<boolean> {
  if (sameOrigin(realm, registry)) return true;
  if (isLoopback(realm.hostname)) return isLoopback(registry.hostname);
  if (realm.protocol !== "https:") return false;
  return tokenServers.includes(realm.host) || (await isSameDomain(realm.hostname, registry.hostname));
}
