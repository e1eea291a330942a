import { z } from "zod";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { invalidArgument, type TboxError } from "#support/errors.ts";
import { dockerObject } from "../schema/docker-object.ts";
import { parseJson } from "../schema/json.ts";

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

/** Parses `X-Registry-Auth`: JSON in base64, URL-safe or not. Returns undefined for one without credentials. */
export function parseRegistryAuth(header: string | null | undefined): RegistryCredentials | undefined {
  if (header === null || header === undefined || header === "") return undefined;
  const json = Buffer.from(header, "base64url").toString();
  const result = registryAuthSchema.safeParse(parseHeader(json));
  if (!result.success)
    throw invalid(result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join(", "));
  return credentialsOf(result.data);
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
  if (colon === -1) throw invalid("auth: expected user:password in base64");
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function parseHeader(json: string): unknown {
  try {
    return parseJson(json);
  } catch {
    // The text contains a password and must not be part of a message.
    throw invalid("expected JSON in base64");
  }
}

function invalid(reason: string): TboxError {
  return invalidArgument(`invalid X-Registry-Auth header: ${reason}`);
}
