import type { Reference } from "#oci/reference.ts";
import { parseChallenges } from "./challenge.ts";
import { type ExchangeOptions, exchange } from "./exchange.ts";
import { registryBase, sameOrigin } from "./origin.ts";
import { basicAuthorization, fetchToken, type RegistryCredentials, type Token } from "./token.ts";

export interface RegistryOptions {
  /** Domains that may be spoken to in plain http. */
  insecure: readonly string[];
  /** Domain to the base of the registry that is asked in its place. */
  mirrors: Readonly<Record<string, string>>;
}

export interface SessionOptions {
  base: URL;
  /** What a token is asked for: `repository:debian:pull`. */
  scopes: string[];
  credentials: RegistryCredentials | undefined;
}

export type SessionRequest = Omit<ExchangeOptions, "authorization" | "headers"> & {
  headers?: Record<string, string>;
};

/** Requests to one registry in one user's name. */
export interface RegistrySession {
  readonly base: URL;
  /**
   * A path of the registry, or a URL that it named. The user's credentials go to the registry's own origin
   * alone; a request that it refuses without them is made once more with them.
   */
  send(target: string | URL, request: SessionRequest): Promise<Response>;
}

/** The registry, or the mirror, that is asked for what the reference names. */
export function pullBase({ domain }: Reference, { mirrors, insecure }: RegistryOptions): URL {
  const mirror = Object.hasOwn(mirrors, domain) ? mirrors[domain] : undefined;
  return mirror === undefined ? registryBase(domain, insecure) : new URL(mirror);
}

/** Mirrors only have what others push to the registry itself. */
export function pushBase({ domain }: Reference, { insecure }: RegistryOptions): URL {
  return registryBase(domain, insecure);
}

export function openSession({ base, scopes, credentials }: SessionOptions): RegistrySession {
  let token: Token | undefined;
  let basic: string | undefined;
  let authenticating: Promise<string | undefined> | undefined;

  function authorization(): string | undefined {
    if (token && token.expires <= performance.now()) token = undefined;
    return token ? `Bearer ${token.value}` : basic;
  }

  /** What the next request is sent with: a token that is only just alive is good for that. */
  async function authenticate(header: string, signal: AbortSignal): Promise<string | undefined> {
    const challenges = parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer) {
      token = await fetchToken({ challenge: bearer, registry: base, scopes, credentials, signal });
      return `Bearer ${token.value}`;
    }
    token = undefined;
    basic = challenges.some(({ scheme }) => scheme === "basic") ? basicAuthorization(credentials) : undefined;
    return basic;
  }

  return {
    base,
    async send(target, { headers = {}, ...request }) {
      const url = new URL(target, base);
      if (!sameOrigin(url, base)) return exchange(url, { ...request, headers, authorization: undefined });
      const used = authorization();
      const first = await exchange(url, { ...request, headers, authorization: used });
      if (first.status !== 401) return first;
      await first.body?.cancel();
      const renewed = authorization();
      if (renewed !== undefined && renewed !== used) {
        return exchange(url, { ...request, headers, authorization: renewed });
      }
      // Several requests at once are refused at once: they share what one of them gets.
      const challenge = first.headers.get("www-authenticate") ?? "";
      authenticating ??= authenticate(challenge, request.signal).finally(() => {
        authenticating = undefined;
      });
      return exchange(url, { ...request, headers, authorization: await authenticating });
    },
  };
}
