import { type JsonObject, objectAt, textAt } from "../json.ts";
import { askHelper, callHelper, helperFor } from "./credential-helper.ts";
import { type Environment, readDockerConfig, writeDockerConfig } from "./docker-config.ts";

/** Docker Hub's key in a configuration file. */
const hubKey = "https://index.docker.io/v1/";
/** The user that stands for an identity token in a helper. */
const tokenUser = "<token>";

export interface RegistryAuth {
  username?: string;
  password?: string;
  identitytoken?: string;
  serveraddress: string;
}

/**
 * The user's credentials for an image's registry, from Docker's configuration file, as `X-Registry-Auth`
 * carries them; nothing when there are none. `warn` is told of a helper that does not work: the pull is
 * then tried without credentials.
 */
export async function registryAuth(
  image: string,
  warn: (message: string) => void,
  environment: Environment = process.env,
): Promise<string | undefined> {
  const credentials = await storedCredentials(registryKey(image), warn, environment);
  return credentials === undefined ? undefined : encodeAuth(credentials);
}

function encodeAuth(credentials: RegistryAuth): string {
  return Buffer.from(JSON.stringify(credentials)).toString("base64url");
}

/** The credentials that are kept under a key. */
export async function storedCredentials(
  key: string,
  warn: (message: string) => void,
  environment: Environment = process.env,
): Promise<RegistryAuth | undefined> {
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

/** The credentials for every registry that the configuration names, as `X-Registry-Auth` carries them. */
export async function registryAuths(
  warn: (message: string) => void,
  environment: Environment = process.env,
): Promise<Record<string, string>> {
  const config = await readDockerConfig(environment);
  if (config === undefined) return {};
  const keys = [...Object.keys(objectAt(config, "auths")), ...Object.keys(objectAt(config, "credHelpers"))];
  const found: Record<string, string> = {};
  for (const key of new Set(keys.map(serverKey))) {
    const credentials = await storedCredentials(key, warn, environment);
    if (credentials) found[key] = encodeAuth(credentials);
  }
  return found;
}

/** Keeps credentials: in the helper for the key, or unencrypted in the file; says which. */
export async function storeCredentials(
  credentials: RegistryAuth,
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

/** Forgets the credentials under a key; says whether there were any. */
export async function eraseCredentials(
  key: string,
  warn: (message: string) => void,
  environment: Environment = process.env,
): Promise<boolean> {
  const config = await readDockerConfig(environment);
  if (config === undefined) return false;
  const helper = helperFor(config, key);
  const known = await storedCredentials(key, warn, environment);
  const auths = { ...objectAt(config, "auths") };
  const names = Object.keys(auths).filter((name) => isSame(name, key));
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

/** The key under which credentials for an image are kept. */
export function registryKey(image: string): string {
  const slash = image.indexOf("/");
  const first = slash === -1 ? "" : image.slice(0, slash);
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  return isHost ? serverKey(first) : hubKey;
}

/** The key for a registry as users write it: a host, with a scheme and a path or without; empty for Docker Hub. */
export function serverKey(server: string): string {
  const name = host(server);
  const isHub = ["", "docker.io", "index.docker.io", "registry-1.docker.io"].includes(name);
  return isHub ? hubKey : name;
}

function fromFile(config: JsonObject, key: string): RegistryAuth | undefined {
  const auths = objectAt(config, "auths");
  const names = Object.keys(auths);
  const name = names.find((one) => one === key) ?? names.find((one) => isSame(one, key));
  const entry = name === undefined ? {} : objectAt(auths, name);
  const identitytoken = textAt(entry, "identitytoken");
  if (identitytoken !== "") return { identitytoken, serveraddress: key };
  const decoded = Buffer.from(textAt(entry, "auth"), "base64").toString().replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  const username = colon === -1 ? textAt(entry, "username") : decoded.slice(0, colon);
  const password = colon === -1 ? textAt(entry, "password") : decoded.slice(colon + 1);
  return username === "" ? undefined : { username, password, serveraddress: key };
}

function isSame(name: string, key: string): boolean {
  return name === key || host(name) === host(key);
}

function host(key: string): string {
  return key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
}
