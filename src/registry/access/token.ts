import { z } from "zod";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { TboxError } from "#support/errors.ts";
import { readBody } from "../connection/body.ts";
import { exchange } from "../connection/exchange.ts";
import type { Connection } from "../connection/transport.ts";
import type { Challenge } from "./challenge.ts";
import { isLoopback, isPrivate, sameDomain, sameOrigin } from "./origin.ts";

export interface Token {
  value: string;
  /** Milliseconds of `performance.now()`. */
  expires: number;
}

export interface TokenRequest {
  challenge: Challenge;
  /** The registry that asked for a token. */
  registry: URL;
  scopes: string[];
  credentials: RegistryCredentials | undefined;
  /** Hosts that the user trusts with credentials for other hosts. */
  tokenServers: readonly string[];
  connect: (url: URL) => Promise<Connection>;
  signal: AbortSignal;
}

const limit = 1024 * 1024;
/** What a reply without `expires_in` means, in seconds (distribution, "Token authentication"). */
const defaultLifetime = 60;

const replySchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().nonnegative().optional(),
});

/**
 * Asks a registry's token server. Credentials go to it over https, or where the registry itself is, and only to
 * a server of the registry's own domain or one that the user has listed.
 */
export async function fetchToken(request: TokenRequest): Promise<Token> {
  const { challenge, registry, scopes, credentials, connect, signal } = request;
  const realm = parseRealm(challenge, registry);
  const what = `token server ${realm.host}`;
  const trusted = isTrusted(realm, request);
  const service = challenge.parameters.get("service") ?? registry.host;
  const asked = allScopes(challenge.parameters.get("scope"), scopes);
  const response =
    trusted && credentials?.identityToken
      ? await exchange(realm, {
          ...refreshRequest(credentials.identityToken, service, asked),
          connect,
          signal,
        })
      : await exchange(withQuery(realm, service, asked), {
          headers: {},
          authorization: trusted ? basicAuthorization(credentials) : undefined,
          connect,
          signal,
        });
  const bytes = await readBody(response, limit, `the answer of ${what}`);
  if (!response.ok) throw refused(response.status, request, realm, trusted);
  const reply = replySchema.safeParse(parse(bytes));
  const value = reply.data?.token ?? reply.data?.access_token;
  if (!reply.success || !value) throw new TboxError("unavailable", `${what} gave no token`);
  const lifetime = reply.data.expires_in ?? defaultLifetime;
  return { value, expires: performance.now() + lifetime * 1000 };
}

function refused(status: number, request: TokenRequest, realm: URL, trusted: boolean): TboxError {
  const message = `token server ${realm.host} answered ${status}: unauthorized`;
  const kept = request.credentials !== undefined && !trusted;
  const remedy = `: it is not of the domain of ${request.registry.host} and was sent no credentials; if you trust it, list it under token-servers in ~/.config/tbox/config.json`;
  return new TboxError("unauthorized", `${message}: incorrect username or password${kept ? remedy : ""}`);
}

function withQuery(realm: URL, service: string, scopes: string[]): URL {
  const target = new URL(realm);
  target.searchParams.set("service", service);
  for (const scope of scopes) target.searchParams.append("scope", scope);
  return target;
}

/** OAuth 2, as registries understand it (distribution, "Authenticate with OAuth2"). */
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

/** Whether a token server may see the credentials for a registry. */
function isTrusted(realm: URL, { registry, tokenServers }: TokenRequest): boolean {
  if (sameOrigin(realm, registry)) return true;
  if (isLoopback(realm.hostname)) return isLoopback(registry.hostname);
  if (realm.protocol !== "https:") return false;
  return sameDomain(realm.hostname, registry.hostname) || tokenServers.includes(realm.host);
}

export function basicAuthorization(credentials: RegistryCredentials | undefined): string | undefined {
  if (!credentials?.username) return undefined;
  const pair = `${credentials.username}:${credentials.password ?? ""}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

/** What the registry names, and of our own what that leaves out. */
function allScopes(named: string | undefined, own: string[]): string[] {
  const given = (named ?? "").split(" ").filter((scope) => scope !== "");
  const missing = own.filter((scope) => !given.some((other) => covers(other, scope)));
  return [...given, ...missing];
}

/** Whether a scope has all actions of another on the same resource. */
function covers(scope: string, other: string): boolean {
  const split = (text: string) => {
    const colon = text.lastIndexOf(":");
    return { resource: text.slice(0, colon), actions: text.slice(colon + 1).split(",") };
  };
  const [one, two] = [split(scope), split(other)];
  return one.resource === two.resource && two.actions.every((action) => one.actions.includes(action));
}

function parseRealm(challenge: Challenge, registry: URL): URL {
  const text = challenge.parameters.get("realm") ?? "";
  const realm = URL.parse(text);
  if (!realm || !["http:", "https:"].includes(realm.protocol)) {
    throw new TboxError("unavailable", `registry ${registry.host} names no usable token server`);
  }
  if (isPrivate(realm.hostname) && !isPrivate(registry.hostname)) {
    throw new TboxError(
      "forbidden",
      `registry ${registry.host} names a token server of this machine's own: ${realm.host}`,
    );
  }
  realm.username = "";
  realm.password = "";
  return realm;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
