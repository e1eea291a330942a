import { statfsSync } from "node:fs";
import type { CacheLimits } from "#builds/builder.ts";
import type { ContainerDefaults } from "#containers/request/container-defaults.ts";
import type { RegistryOptions } from "#registry/access/registry-options.ts";
import { dataDirectory, runDirectory } from "#support/directories.ts";
import { ensurePrivateDirectory } from "#support/private-directory.ts";
import { type ConfigFile, readConfigFile } from "./config-file.ts";

export interface Config {
  dataDirectory: string;
  runDirectory: string;
  registry: RegistryOptions;
  /** Whether a limit that cannot be enforced is an error or a warning. */
  limits: "strict" | "warn";
  /** Settings for containers whose request does not set them. */
  containers: ContainerDefaults;
  /** Limits of the build cache. */
  builds: CacheLimits;
  /** URL that names the newest release; absent if the user has configured none. */
  releaseFeed?: string;
  /** Levels of the log, by scope; absent for the defaults. */
  log?: string;
  environment: Record<string, string | undefined>;
}

/** Default size of the build cache, as a share of the file system. */
const cacheShare = 0.1;

/** Reads the configuration from the environment and the user's configuration file, and creates the directories. */
export async function readConfig(
  environment: Record<string, string | undefined>,
  uid: number,
): Promise<Config> {
  const data = dataDirectory(environment);
  const run = await runDirectory(environment, uid);
  ensurePrivateDirectory({ path: data, uid, marks: ["tbox.db", "oci-layout", "daemon.log"] });
  ensurePrivateDirectory({ path: run, uid, marks: ["tbox.sock"] });
  const home = configHome(environment);
  const file = await readConfigFile(configPath(environment));
  return {
    dataDirectory: data,
    runDirectory: run,
    registry: {
      mirrors: file["registry-mirrors"],
      insecure: file["insecure-registries"],
      tokenServers: file["token-servers"],
      certificates: [`${home}/tbox/certs.d`, `${home}/docker/certs.d`, "/etc/docker/certs.d"],
      environment,
    },
    limits: file.limits,
    ...(file["release-feed"] === undefined ? {} : { releaseFeed: file["release-feed"] }),
    ...(file.log === undefined ? {} : { log: file.log }),
    containers: {
      noNewPrivileges: file["no-new-privileges"],
      ...(file.userns === undefined ? {} : { userns: file.userns }),
    },
    builds: cacheLimits(file, data),
    environment,
  };
}

/** Returns the path of the user's configuration file. */
export function configPath(environment: Record<string, string | undefined>): string {
  return `${configHome(environment)}/tbox/config.json`;
}

function configHome({ XDG_CONFIG_HOME, HOME = "" }: Record<string, string | undefined>): string {
  return XDG_CONFIG_HOME || `${HOME}/.config`;
}

function cacheLimits({ builder }: ConfigFile, data: string): CacheLimits {
  const given = builder?.gc;
  if (given?.enabled === false) return { reserved: 0, most: 0, free: 0 };
  const reserved = given?.defaultReservedSpace ?? given?.defaultKeepStorage ?? 0;
  const free = given?.defaultMinFreeSpace ?? 0;
  const { blocks, bsize } = statfsSync(data);
  const most = given?.defaultMaxUsedSpace ?? Math.max(reserved, Math.floor(blocks * bsize * cacheShare));
  return { reserved, most, free };
}
