import type { RegistryAuthFields } from "#api/requests/registry-auth.ts";
import { type JsonObject, objectAt, textAt } from "../json.ts";
import { askHelper, callHelper, helperFor } from "./credential-helper.ts";
import { type Environment, readDockerConfig, writeDockerConfig } from "./docker-config.ts";
import { isSameKey, registryKey, serverKey } from "./registry-key.ts";

/** User name of a helper's entry whose secret is an identity token. */
const tokenUser = "<token>";

/** Credentials in the form of `X-Registry-Auth`; `serveraddress` is the key under which they are stored. */
export type StoredCredentials = Pick<RegistryAuthFields, "username" | "password" | "identitytoken"> & {
  serveraddress: string;
};

type Warn = (message: string) => void;

/**
 * Returns the value of `X-Registry-Auth` for an image's registry, from Docker's configuration file; undefined without
 * credentials. If a helper does not work, calls `warn`, and the pull continues without credentials.
 */
export async function registryAuth(
  image: string,
  warn: Warn,
  environment: Environment = process.env,
): Promise<string | undefined> {
  const credentials = await findCredentials(registryKey(image), warn, environment);
  return credentials === undefined ? undefined : encodeAuth(credentials);
}

function encodeAuth(credentials: StoredCredentials): string {
  return Buffer.from(JSON.stringify(credentials)).toString("base64url");
}

/** Returns the credentials under a key; undefined for none. */
export async function findCredentials(
  key: string,
  warn: Warn,
  environment: Environment = process.env,
): Promise<StoredCredentials | undefined> {
  const config = await readDockerConfig(environment);
  if (config === undefined) return undefined;
  const helper = helperFor(config, key);
  if (helper === "") return fromFile(config, key);
  try {
    const found = await askHelper(helper, key, environment);
    if (found?.user === tokenUser) return { identitytoken: found.secret, serveraddress: key };
    if (found) return { username: found.user, password: found.secret, serveraddress: key };
  } catch (error) {
    warn(error instanceof Error ? error.message : String(error));
  }
  return fromFile(config, key);
}

/** Returns values of `X-Registry-Auth` for every registry in the configuration file, by key. */
export async function registryAuths(
  warn: Warn,
  environment: Environment = process.env,
): Promise<Record<string, string>> {
  const config = await readDockerConfig(environment);
  if (config === undefined) return {};
  const keys = [...Object.keys(objectAt(config, "auths")), ...Object.keys(objectAt(config, "credHelpers"))];
  const found: Record<string, string> = {};
  for (const key of new Set(keys.map(serverKey))) {
    const credentials = await findCredentials(key, warn, environment);
    if (credentials) found[key] = encodeAuth(credentials);
  }
  return found;
}

/** Stores credentials in the helper for the key, or unencrypted in the file. Returns where they are stored. */
export async function storeCredentials(
  credentials: StoredCredentials,
  environment: Environment = process.env,
): Promise<"helper" | "file"> {
  const { username = "", password = "", identitytoken, serveraddress: key } = credentials;
  const config = (await readDockerConfig(environment)) ?? {};
  const helper = helperFor(config, key);
  const auths = { ...objectAt(config, "auths") };
  if (helper !== "") {
    const [user, secret] = identitytoken ? [tokenUser, identitytoken] : [username, password];
    const input = JSON.stringify({ ServerURL: key, Username: user, Secret: secret });
    await callHelper({ helper, action: "store", input, environment });
    auths[key] = {};
  } else {
    const pair = `${username}:${identitytoken ? "" : password}`;
    auths[key] = {
      auth: Buffer.from(pair).toString("base64"),
      ...(identitytoken ? { identitytoken } : {}),
    };
  }
  await writeDockerConfig({ ...config, auths }, environment);
  return helper === "" ? "file" : "helper";
}

/** Deletes the credentials under a key. Returns false when there were none. */
export async function eraseCredentials(
  key: string,
  warn: Warn,
  environment: Environment = process.env,
): Promise<boolean> {
  const config = await readDockerConfig(environment);
  if (config === undefined) return false;
  const helper = helperFor(config, key);
  const known = await findCredentials(key, warn, environment);
  const auths = { ...objectAt(config, "auths") };
  const names = Object.keys(auths).filter((name) => isSameKey(name, key));
  if (known === undefined && names.length === 0) return false;
  if (helper !== "" && known !== undefined) {
    await callHelper({ helper, action: "erase", input: key, environment }).catch((error) => {
      warn(error instanceof Error ? error.message : String(error));
    });
  }
  for (const name of names) delete auths[name];
  await writeDockerConfig({ ...config, auths }, environment);
  return true;
}

function fromFile(config: JsonObject, key: string): StoredCredentials | undefined {
  const auths = objectAt(config, "auths");
  const names = Object.keys(auths);
  const name = names.find((one) => one === key) ?? names.find((one) => isSameKey(one, key));
  const entry = name === undefined ? {} : objectAt(auths, name);
  const identitytoken = textAt(entry, "identitytoken");
  if (identitytoken !== "") return { identitytoken, serveraddress: key };
  const decoded = Buffer.from(textAt(entry, "auth"), "base64").toString().replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  const username = colon === -1 ? textAt(entry, "username") : decoded.slice(0, colon);
  const password = colon === -1 ? textAt(entry, "password") : decoded.slice(colon + 1);
  return username === "" ? undefined : { username, password, serveraddress: key };
}
