import { TboxError } from "#support/errors.ts";
import { parseJsonObject } from "./answer.ts";

/** A branch or a pull request whose entries a token may read. */
export interface TokenScope {
  name: string;
  writable: boolean;
}

const writePermission = 2;

/**
 * Returns the scopes of a workflow's token. The service verifies the token; its scopes become parts of keys. Throws for a
 * token that is no longer valid.
 */
export function readScopes(token: string, now = Date.now()): TokenScope[] {
  const [, payload = ""] = token.split(".");
  const claims = parseJsonObject(Buffer.from(payload, "base64url").toString());
  const listed = typeof claims?.ac === "string" ? parseList(claims.ac) : undefined;
  if (!claims || !listed) {
    throw unauthorized("the token is not one of GitHub Actions: it names no scopes of the cache");
  }
  const { exp: expires, nbf: begins } = claims;
  if (typeof expires === "number" && now > expires * 1000) {
    throw unauthorized(`the token expired at ${new Date(expires * 1000).toISOString()}`);
  }
  if (typeof begins === "number" && now < begins * 1000) {
    throw unauthorized(`the token is valid from ${new Date(begins * 1000).toISOString()} on`);
  }
  return listed.map((entry) => {
    const { Scope: name, Permission: permission } = Object(entry);
    return { name: String(name ?? ""), writable: (Number(permission) & writePermission) !== 0 };
  });
}

function parseList(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function unauthorized(text: string): TboxError {
  return new TboxError("unauthorized", text);
}
