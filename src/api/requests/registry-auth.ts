import { z } from "zod";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { invalidArgument } from "#support/errors.ts";
import { openLog } from "#support/log.ts";
import { dockerObject } from "../schema/docker-object.ts";
import { parseJson } from "../schema/json.ts";

const log = openLog("api");

const text = z.string().exactOptional();

/** Schema of `X-Registry-Auth` and of the body of `POST /auth`. */
export const registryAuthSchema = dockerObject({
  username: text,
  password: text,
  identitytoken: text,
  registrytoken: text,
  auth: text,
  // The key under which the client stores the credentials; the image's name decides where they are sent.
  serveraddress: text,
  email: text,
});

/** Credentials as clients send them. */
export type RegistryAuthFields = z.infer<typeof registryAuthSchema>;

/**
 * Parses `X-Registry-Auth`: JSON in base64, URL-safe or not. Returns undefined for a header without credentials and for
 * a malformed header: Docker then continues without credentials.
 */
export function parseRegistryAuth(header: string | null | undefined): RegistryCredentials | undefined {
  if (header === null || header === undefined || header === "") return undefined;
  try {
    return credentialsOf(registryAuthSchema.parse(parseHeader(header)));
  } catch {
    // The cause may contain a password and must not be part of the message.
    log.warn("a malformed X-Registry-Auth header is ignored");
    return undefined;
  }
}

/** Returns the credentials in a client's fields; undefined for none. A token takes precedence over a password. */
export function credentialsOf(fields: RegistryAuthFields): RegistryCredentials | undefined {
  const { identitytoken, registrytoken, auth, username, password } = fields;
  if (registrytoken) return { registryToken: registrytoken };
  if (identitytoken) return { ...(username ? { username } : {}), identityToken: identitytoken };
  if (username) return { username, password: password ?? "" };
  if (!auth) return undefined;
  const pair = Buffer.from(auth, "base64").toString();
  const colon = pair.indexOf(":");
  if (colon === -1) throw invalidArgument("auth: expected user:password in base64");
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function parseHeader(header: string): unknown {
  return parseJson(Buffer.from(header, "base64url").toString());
}
