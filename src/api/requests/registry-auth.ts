import { z } from "zod";
import { invalidArgument, type TboxError } from "#support/errors.ts";
import { dockerObject } from "../schema/docker-object.ts";
import { parseJson } from "../schema/json.ts";

const text = z.string().exactOptional();

export const registryAuthSchema = dockerObject({
  username: text,
  password: text,
  identitytoken: text,
  registrytoken: text,
  auth: text,
  // Where the client found the credentials: who they are for is decided by the image's name.
  serveraddress: text,
  email: text,
});

export type RegistryAuthFields = z.infer<typeof registryAuthSchema>;

export interface RegistryAuth {
  username?: string;
  password?: string;
  identityToken?: string;
  registryToken?: string;
}

/** The header `X-Registry-Auth`: JSON in base64, URL-safe or not. Nothing when it holds no credentials. */
export function parseRegistryAuth(header: string | null | undefined): RegistryAuth | undefined {
  if (header === null || header === undefined || header === "") return undefined;
  const json = Buffer.from(header, "base64url").toString();
  const result = registryAuthSchema.safeParse(parseHeader(json));
  if (!result.success)
    throw invalid(result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join(", "));
  return credentialsOf(result.data);
}

/** What counts of the fields that a client has filled in. */
export function credentialsOf(fields: RegistryAuthFields): RegistryAuth | undefined {
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
    // The text holds a password and must not get into a message.
    throw invalid("expected JSON in base64");
  }
}

function invalid(reason: string): TboxError {
  return invalidArgument(`invalid X-Registry-Auth header: ${reason}`);
}
