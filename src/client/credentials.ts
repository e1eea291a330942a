import { TboxError } from "#support/errors.ts";
import { isObject, type JsonObject, objectAt, textAt } from "./json.ts";

/** Docker Hub's key in a configuration file. */
const hubKey = "https://index.docker.io/v1/";

/**
 * The user's credentials for an image's registry, from Docker's configuration file, as `X-Registry-Auth`
 * carries them; nothing when there are none. `warn` is told of a helper that does not work: the pull is
 * then tried without credentials.
 */
export async function registryAuth(
  image: string,
  warn: (message: string) => void,
  environment: Record<string, string | undefined> = process.env,
): Promise<string | undefined> {
  const config = await readConfig(environment);
  if (config === undefined) return undefined;
  const key = registryKey(image);
  const credentials = (await fromHelper(config, key, warn, environment)) ?? fromFile(config, key);
  if (credentials === undefined) return undefined;
  return Buffer.from(JSON.stringify(credentials)).toString("base64url");
}

interface RegistryAuth {
  username?: string;
  password?: string;
  identitytoken?: string;
  serveraddress: string;
}

/** The key under which credentials for an image are kept. */
export function registryKey(image: string): string {
  const slash = image.indexOf("/");
  const first = slash === -1 ? "" : image.slice(0, slash);
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  return !isHost || first === "docker.io" || first === "index.docker.io" ? hubKey : first;
}

async function readConfig(environment: Record<string, string | undefined>): Promise<JsonObject | undefined> {
  const directory = environment.DOCKER_CONFIG || `${environment.HOME ?? ""}/.docker`;
  const file = Bun.file(`${directory}/config.json`);
  if (!(await file.exists())) return undefined;
  try {
    const value: unknown = JSON.parse(await file.text());
    return isObject(value) ? value : undefined;
  } catch (error) {
    throw new TboxError("invalid-argument", `read ${directory}/config.json`, { cause: error });
  }
}

function fromFile(config: JsonObject, key: string): RegistryAuth | undefined {
  const auths = objectAt(config, "auths");
  const name = Object.keys(auths).find((candidate) => candidate === key || host(candidate) === host(key));
  const entry = name === undefined ? {} : objectAt(auths, name);
  const identitytoken = textAt(entry, "identitytoken");
  if (identitytoken !== "") return { identitytoken, serveraddress: key };
  const decoded = Buffer.from(textAt(entry, "auth"), "base64").toString();
  const colon = decoded.indexOf(":");
  const username = colon === -1 ? textAt(entry, "username") : decoded.slice(0, colon);
  const password = colon === -1 ? textAt(entry, "password") : decoded.slice(colon + 1);
  return username === "" ? undefined : { username, password, serveraddress: key };
}

function host(key: string): string {
  return key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
}

async function fromHelper(
  config: JsonObject,
  key: string,
  warn: (message: string) => void,
  environment: Record<string, string | undefined>,
): Promise<RegistryAuth | undefined> {
  const helpers = objectAt(config, "credHelpers");
  const helper = textAt(helpers, key) || textAt(helpers, host(key)) || textAt(config, "credsStore");
  if (helper === "") return undefined;
  const program = `docker-credential-${helper}`;
  try {
    const child = Bun.spawn([program, "get"], {
      env: environment,
      stdin: Buffer.from(key),
      stdout: "pipe",
      stderr: "ignore",
    });
    const answer = await new Response(child.stdout).text();
    // A helper exits with an error for a registry it does not know.
    if ((await child.exited) !== 0) return undefined;
    const value: unknown = JSON.parse(answer);
    if (!isObject(value)) return undefined;
    const [username, secret] = [textAt(value, "Username"), textAt(value, "Secret")];
    if (username === "<token>") return { identitytoken: secret, serveraddress: key };
    return username === "" ? undefined : { username, password: secret, serveraddress: key };
  } catch (error) {
    warn(`the credential helper ${program} does not work: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}
