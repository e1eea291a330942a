import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { sameOrigin } from "#support/http/addresses.ts";
import { type ExchangeOptions, exchange } from "../connection/exchange.ts";
import { probeTls } from "../connection/probe-tls.ts";
import { TemporaryFailure } from "../connection/retry.ts";
import { openTransport } from "../connection/transport.ts";
import { openAuthenticator } from "./authenticator.ts";
import type { RegistryBase } from "./registry-base.ts";
import type { RegistryOptions } from "./registry-options.ts";

export interface SessionOptions extends RegistryOptions {
  base: RegistryBase;
  /** Scopes of the requested token: `repository:debian:pull`. */
  scopes: string[];
  credentials: RegistryCredentials | undefined;
}

export type SessionRequest = Omit<ExchangeOptions, "authorization" | "connect" | "headers"> & {
  headers?: Record<string, string>;
};

/** Requests to one registry with one user's credentials. */
export interface RegistrySession {
  /** Base URL of the last answer. */
  readonly base: URL;
  /**
   * Sends a request to a path of the registry or to a URL that the registry named. Sends credentials to the
   * registry's own origin only. If the registry refuses a request without credentials, repeats it once with them.
   */
  send(target: string | URL, request: SessionRequest): Promise<Response>;
}

export function openSession(options: SessionOptions): RegistrySession {
  const { patience } = options;
  const transport = openTransport(options);
  let { url: base, fallback } = options.base;
  const acceptsAnyCertificate = fallback !== undefined;
  const connect = (url: URL) => transport.connectionTo(url, acceptsAnyCertificate && url.host === base.host);
  const authenticator = openAuthenticator({ ...options, connect });
  let probing: Promise<boolean> | undefined;

  async function sendAuthorized(url: URL, request: SessionRequest): Promise<Response> {
    const { headers = {} } = request;
    const attempt = (authorization: string | undefined) =>
      exchange(url, { ...request, headers, connect, patience, authorization });
    if (!sameOrigin(url, base)) return attempt(undefined);
    const used = authenticator.authorization();
    const first = await attempt(used);
    if (first.status !== 401) return first;
    await first.body?.cancel();
    // A concurrent request may have authenticated in the meantime.
    const renewed = authenticator.authorization();
    if (renewed !== undefined && renewed !== used) return attempt(renewed);
    const challenge = first.headers.get("www-authenticate") ?? "";
    return attempt(await authenticator.authenticate(challenge, base, request.signal));
  }

  function speaksTls(host: URL, signal: AbortSignal): Promise<boolean> {
    probing ??= probeTls(host, connect, signal);
    return probing;
  }

  /** Sends the first request over http to a registry on loopback. After an unusable answer, checks for TLS. */
  async function sendFirst(target: string | URL, request: SessionRequest, secure: URL): Promise<Response> {
    const answer = await sendAuthorized(new URL(target, base), request).catch((error) => {
      if (error instanceof TemporaryFailure && error.status === undefined) return error;
      throw error;
    });
    const isUsable = answer instanceof Response && answer.status !== 400;
    if (!isUsable && (await speaksTls(secure, request.signal))) {
      base = secure;
      fallback = undefined;
      return sendAuthorized(new URL(target, base), request);
    }
    if (!(answer instanceof Response)) throw answer;
    fallback = undefined;
    return answer;
  }

  return {
    get base() {
      return base;
    },
    async send(target, request) {
      if (fallback?.protocol === "https:") return sendFirst(target, request, fallback);
      const plain = fallback;
      if (plain !== undefined) {
        if (!(await speaksTls(options.base.url, request.signal))) base = plain;
        fallback = undefined;
      }
      return sendAuthorized(new URL(target, base), request);
    },
  };
}
