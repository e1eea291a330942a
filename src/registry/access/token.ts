import { z } from "zod";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { TboxError } from "#support/errors.ts";
import { jsonOrUndefined } from "#support/json.ts";
import { readBody } from "../connection/body.ts";
import { exchange } from "../connection/exchange.ts";
import type { Connection } from "../connection/transport.ts";
import { basicAuthorization } from "./basic-authorization.ts";
import type { Challenge } from "./challenge.ts";
import { mergeScopes } from "./token-scopes.ts";
import { isTrustedServer, parseRealm } from "./token-server.ts";

export interface Token {
  value: string;
  /** Time of expiry in milliseconds, on the clock of `performance.now()`. */
  expires: number;
}

export interface TokenRequest {
  challenge: Challenge;
  /** Registry that requires the token. */
  registry: URL;
  scopes: readonly string[];
  credentials: RegistryCredentials | undefined;
  /** Token servers that may receive the credentials for registries in other domains. */
  tokenServers: readonly string[];
  connect: (url: URL) => Promise<Connection>;
  signal: AbortSignal;
}

/** Longest reply that is read, in bytes. */
const replyLimit = 1024 * 1024;
/** Lifetime of a token without `expires_in`, in seconds (distribution, "Token authentication"). */
const defaultLifetime = 60;

const replySchema = z.object({
  token: z.string().nullish(),
  access_token: z.string().nullish(),
  expires_in: z.number().nonnegative().nullish(),
});

/** Requests a token from a registry's token server. Sends credentials only to a trusted server. */
export async function fetchToken(request: TokenRequest): Promise<Token> {
  const { challenge, registry, scopes, credentials, connect, signal } = request;
  const realm = parseRealm(challenge, registry);
  const subject = `token server ${realm.host}`;
  const hasSecret = Boolean(credentials?.username || credentials?.identityToken);
  const sent = hasSecret && (await isTrustedServer(realm, request)) ? credentials : undefined;
  const service = challenge.parameters.get("service") ?? registry.host;
  const requested = mergeScopes(challenge.parameters.get("scope"), scopes);
  const response = sent?.identityToken
    ? await exchange(realm, { ...refreshRequest(sent.identityToken, service, requested), connect, signal })
    : await exchange(withQuery(realm, service, requested), {
        headers: {},
        authorization: basicAuthorization(sent),
        connect,
        signal,
      });
  const bytes = await readBody(response, replyLimit, `the answer of ${subject}`);
  if (!response.ok)
    throw refused(response.status, realm, hasSecret && sent === undefined ? registry : undefined);
  const reply = replySchema.safeParse(jsonOrUndefined(new TextDecoder().decode(bytes)));
  const value = reply.data?.token || reply.data?.access_token;
  if (!reply.success || !value) throw new TboxError("unavailable", `the answer of ${subject} has no token`);
  const lifetime = reply.data.expires_in ?? defaultLifetime;
  return { value, expires: performance.now() + lifetime * 1000 };
}

/** Returns the error for a refused token. `withheldFor` is the registry whose credentials were withheld. */
function refused(status: number, realm: URL, withheldFor: URL | undefined): TboxError {
  const message = `token server ${realm.host} answered ${status}: unauthorized: incorrect username or password`;
  if (withheldFor === undefined) return new TboxError("unauthorized", message);
  const reason = `no credentials were sent, because the server is not in the domain of ${withheldFor.host}`;
  const remedy = "if you trust the server, list it under token-servers in ~/.config/tbox/config.json";
  return new TboxError("unauthorized", `${message}: ${reason}; ${remedy}`);
}

function withQuery(realm: URL, service: string, scopes: string[]): URL {
  const target = new URL(realm);
  target.searchParams.set("service", service);
  for (const scope of scopes) target.searchParams.append("scope", scope);
  return target;
}

/** Returns an OAuth 2 request as registries expect it (distribution, "Authenticate with OAuth2"). */
function refreshRequest(refreshToken: string, service: string, scopes: string[]) {
  const form = new URLSearchParams({ grant_type: "refresh_token", service, client_id: "tbox" });
  if (scopes.length > 0) form.set("scope", scopes.join(" "));
  form.set("refresh_token", refreshToken);
  return {
    method: "POST" as const,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: () => new TextEncoder().encode(form.toString()),
    authorization: undefined,
  };
}
