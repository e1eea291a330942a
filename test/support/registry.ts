import { writeFileSync } from "node:fs";
import { awaitLine } from "./program.ts";
import { temporaryDirectory } from "./temp.ts";

/** Debian's docker-registry on a free loopback port, empty. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:port`, as in a reference. */
  host: string;
  /** Directory of its files: `docker/registry/v2/…`. */
  directory: string;
}

export interface Credentials {
  username: string;
  password: string;
}

export const registryUnavailable: string | undefined = Bun.which("docker-registry")
  ? undefined
  : "docker-registry is not installed";

/** Parts of its configuration file: `http`, `auth`. */
export interface RegistryConfiguration {
  http?: Record<string, unknown>;
  auth?: Record<string, unknown>;
}

/** Starts a registry; with credentials, it refuses requests without them. */
export async function startRegistry(
  credentials?: Credentials,
  { http, auth }: RegistryConfiguration = {},
): Promise<TestRegistry> {
  const directory = temporaryDirectory("registry");
  const configuration = {
    version: "0.1",
    log: { level: "info", formatter: "text" },
    storage: { filesystem: { rootdirectory: directory.path }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0", ...http },
    ...(auth ? { auth } : {}),
    ...(credentials ? { auth: { htpasswd: await writePasswords(directory.path, credentials) } } : {}),
  };
  // The configuration is YAML, of which JSON is a subset.
  writeFileSync(`${directory.path}/config.yml`, JSON.stringify(configuration));
  const child = Bun.spawn(["docker-registry", "serve", `${directory.path}/config.yml`], {
    env: { PATH: process.env.PATH, HOME: directory.path },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const line = await awaitLine(child.stderr, "listening on");
  const host = /listening on ([\d.]+:\d+)/.exec(line)?.[1];
  if (host === undefined) throw new Error(`no address in: ${line}`);
  return {
    host,
    directory: directory.path,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      directory[Symbol.dispose]();
    },
  };
}

async function writePasswords(directory: string, { username, password }: Credentials) {
  const hash = await Bun.password.hash(password, { algorithm: "bcrypt", cost: 4 });
  writeFileSync(`${directory}/htpasswd`, `${username}:${hash}\n`);
  return { realm: "tests", path: `${directory}/htpasswd` };
}
