import { invalidArgument } from "#support/errors.ts";
import { isRecord } from "#support/json.ts";
import type { JsonObject } from "../json.ts";

export type Environment = Record<string, string | undefined>;

/** Returns the path of Docker's client configuration: `config.json` in `DOCKER_CONFIG` or `~/.docker`. */
export function dockerConfigPath(environment: Environment): string {
  return `${environment.DOCKER_CONFIG || `${environment.HOME ?? ""}/.docker`}/config.json`;
}

/** Reads the configuration file; returns undefined when there is none. */
export async function readDockerConfig(environment: Environment): Promise<JsonObject | undefined> {
  const path = dockerConfigPath(environment);
  const file = Bun.file(path);
  if (!(await file.exists())) return undefined;
  try {
    const value: unknown = JSON.parse(await file.text());
    return isRecord(value) ? value : undefined;
  } catch (error) {
    throw invalidArgument(`read ${path}`, error);
  }
}

/** Replaces the configuration file atomically, with mode 0600. Replaces the target of a symbolic link, not the link. */
export async function writeDockerConfig(config: JsonObject, environment: Environment): Promise<void> {
  const { mkdir, open, realpath, rename } = await import("node:fs/promises");
  const path = dockerConfigPath(environment);
  await mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.${crypto.randomUUID()}`;
  {
    await using file = await open(temporary, "wx", 0o600);
    await file.writeFile(`${JSON.stringify(config, null, "\t")}\n`);
    await file.sync();
  }
  await rename(temporary, target);
}
