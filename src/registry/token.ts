import { z } from "zod";
import { TboxError } from "#support/errors.ts";
import { readBody } from "./body.ts";
import type { Challenge } from "./challenge.ts";
import { exchange } from "./exchange.ts";
import { isLoopback, sameOrigin } from "./origin.ts";

/** What a user has for one registry. */
export interface RegistryCredentials {
  username?: string | undefined;
  password?: string | undefined;
  /** A refresh token, in place of a password. */
  identityToken?: string | undefined;
}

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

/** Asks a registry's token server. Credentials are only sent over https, to loopback or to the registry. */
export async function fetchToken(request: TokenRequest): Promise<Token> {
  const { challenge, registry, scopes, credentials, signal } = request;
  const realm = parseRealm(challenge, registry);
  const safe = realm.protocol === "https:" || isLoopback(realm.hostname) || sameOrigin(realm, registry);
  const authorization = safe ? basicAuthorization(credentials) : undefined;
  realm.searchParams.set("service", challenge.parameters.get("service") ?? registry.host);
  for (const scope of allScopes(challenge.parameters.get("scope"), scopes)) {
    realm.searchParams.append("scope", scope);
  }
  const response = await exchange(realm, { headers: {}, authorization, signal });
  const what = `token server ${realm.host}`;
  const bytes = await readBody(response, limit, `the answer of ${what}`);
  if (!response.ok) {
    throw new TboxError("unauthorized", `${what} answered ${response.status}: unauthorized`);
  }
  const reply = replySchema.safeParse(parse(bytes));
  const value = reply.data?.token ?? reply.data?.access_token;
  if (!reply.success || !value) throw new TboxError("unavailable", `${what} gave no token`);
  const lifetime = reply.data.expires_in ?? defaultLifetime;
  return { value, expires: performance.now() + lifetime * 1000 };
}

export function basicAuthorization(credentials: RegistryCredentials | undefined): string | undefined {
  if (!credentials?.username) return undefined;
  const pair = `${credentials.username}:${credentials.password ?? credentials.identityToken ?? ""}`;
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
