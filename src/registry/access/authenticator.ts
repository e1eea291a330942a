import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { createSingleFlight } from "#support/concurrency/single-flight.ts";
import type { Connection } from "../connection/transport.ts";
import { basicAuthorization } from "./basic-authorization.ts";
import { parseChallenges } from "./challenge.ts";
import { fetchToken, type Token } from "./token.ts";

export interface AuthenticatorOptions {
  /** Scopes of the requested token: `repository:debian:pull`. */
  scopes: readonly string[];
  credentials: RegistryCredentials | undefined;
  tokenServers: readonly string[];
  connect: (url: URL) => Promise<Connection>;
}

/** Source of the `Authorization` header for one registry. */
export interface Authenticator {
  /** Returns the header for the next request, if one is known. */
  authorization(): string | undefined;
  /** Answers a registry's challenge; returns the header for the next request. Concurrent calls share one token. */
  authenticate(challenge: string, registry: URL, signal: AbortSignal): Promise<string | undefined>;
}

export function openAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { credentials } = options;
  let token: Token | undefined;
  let basic: string | undefined;
  const share = createSingleFlight<string, string | undefined>();

  async function authenticate(
    header: string,
    registry: URL,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const challenges = parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer) {
      token = await fetchToken({ ...options, challenge: bearer, registry, signal });
      // The next request uses this token even if it expires at once.
      return `Bearer ${token.value}`;
    }
    token = undefined;
    basic = challenges.some(({ scheme }) => scheme === "basic") ? basicAuthorization(credentials) : undefined;
    return basic;
  }

  return {
    authorization() {
      if (credentials?.registryToken) return `Bearer ${credentials.registryToken}`;
      if (token && token.expires <= performance.now()) token = undefined;
      return token ? `Bearer ${token.value}` : basic;
    },
    authenticate: (challenge, registry, signal) =>
      share("challenge", () => authenticate(challenge, registry, signal)),
  };
}
