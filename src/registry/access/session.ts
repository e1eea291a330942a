import type { Reference } from "#oci/reference.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { type ExchangeOptions, exchange } from "../connection/exchange.ts";
import { TemporaryFailure } from "../connection/retry.ts";
import { speaksTls } from "../connection/speaks-tls.ts";
import { openTransport } from "../connection/transport.ts";
import { parseChallenges } from "./challenge.ts";
import { type RegistryBase, registryBase, sameOrigin } from "./origin.ts";
import type { RegistryOptions } from "./registry-options.ts";
import { basicAuthorization, fetchToken, type Token } from "./token.ts";

export interface SessionOptions extends RegistryOptions {
  base: RegistryBase;
  /** What a token is asked for: `repository:debian:pull`. */
  scopes: string[];
  credentials: RegistryCredentials | undefined;
}

export type SessionRequest = Omit<ExchangeOptions, "authorization" | "connect" | "headers"> & {
  headers?: Record<string, string>;
};

/** Requests to one registry in one user's name. */
export interface RegistrySession {
  /** Where the last answer came from. */
  readonly base: URL;
  /**
   * A path of the registry, or a URL that it named. The user's credentials go to the registry's own origin
   * alone; a request that it refuses without them is made once more with them.
   */
  send(target: string | URL, request: SessionRequest): Promise<Response>;
}

/** The registry that what the reference names is pushed to: mirrors only have what others bring there. */
export function baseOf({ domain }: Reference, { insecure }: RegistryOptions): RegistryBase {
  return registryBase(domain, insecure);
}

export function openSession(options: SessionOptions): RegistrySession {
  const { scopes, credentials, tokenServers, patience } = options;
  const transport = openTransport(options);
  let { url: base, otherwise } = options.base;
  const unverified = otherwise !== undefined;
  const connect = (url: URL) => transport.connectionTo(url, unverified && url.host === base.host);
  let token: Token | undefined;
  let basic: string | undefined;
  let authenticating: Promise<string | undefined> | undefined;
  let probing: Promise<boolean> | undefined;

  function authorization(): string | undefined {
    if (credentials?.registryToken) return `Bearer ${credentials.registryToken}`;
    if (token && token.expires <= performance.now()) token = undefined;
    return token ? `Bearer ${token.value}` : basic;
  }

  /** What the next request is sent with: a token that is only just alive is good for that. */
  async function authenticate(header: string, signal: AbortSignal): Promise<string | undefined> {
    const challenges = parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer) {
      const request = {
        challenge: bearer,
        registry: base,
        scopes,
        credentials,
        tokenServers,
        connect,
        signal,
      };
      token = await fetchToken(request);
      return `Bearer ${token.value}`;
    }
    token = undefined;
    basic = challenges.some(({ scheme }) => scheme === "basic") ? basicAuthorization(credentials) : undefined;
    return basic;
  }

  async function authorized(url: URL, request: SessionRequest): Promise<Response> {
    const { headers = {} } = request;
    const attempt = (sent: string | undefined) =>
      exchange(url, { ...request, headers, connect, patience, authorization: sent });
    if (!sameOrigin(url, base)) return attempt(undefined);
    const used = authorization();
    const first = await attempt(used);
    if (first.status !== 401) return first;
    await first.body?.cancel();
    const renewed = authorization();
    if (renewed !== undefined && renewed !== used) return attempt(renewed);
    // Several requests at once are refused at once: they share what one of them gets.
    const challenge = first.headers.get("www-authenticate") ?? "";
    authenticating ??= authenticate(challenge, request.signal).finally(() => {
      authenticating = undefined;
    });
    return attempt(await authenticating);
  }

  function tlsSpokenBy(host: URL, signal: AbortSignal): Promise<boolean> {
    probing ??= speaksTls(host, connect, signal);
    return probing;
  }

  /** The first request to loopback is in plain http; one that is not understood may be meant for TLS. */
  async function sendFirst(target: string | URL, request: SessionRequest, secure: URL): Promise<Response> {
    let answer: Response | TemporaryFailure;
    try {
      answer = await authorized(new URL(target, base), request);
    } catch (error) {
      if (!(error instanceof TemporaryFailure) || error.status !== undefined) throw error;
      answer = error;
    }
    const understood = answer instanceof Response && answer.status !== 400;
    if (!understood && (await tlsSpokenBy(secure, request.signal))) {
      base = secure;
      otherwise = undefined;
      return authorized(new URL(target, base), request);
    }
    if (!(answer instanceof Response)) throw answer;
    otherwise = undefined;
    return answer;
  }

  return {
    get base() {
      return base;
    },
    async send(target, request) {
      if (otherwise?.protocol === "https:") return sendFirst(target, request, otherwise);
      const plain = otherwise;
      if (plain !== undefined) {
        if (!(await tlsSpokenBy(options.base.url, request.signal))) base = plain;
        otherwise = undefined;
      }
      return authorized(new URL(target, base), request);
    },
  };
}
