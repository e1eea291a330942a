import type { HostConfig } from "./create-request.ts";
import { developmentUserns } from "./development-container.ts";
import { parseUserns } from "./userns.ts";

/** Settings of the user's configuration for containers whose request does not set them. */
export interface ContainerDefaults {
  /** Whether programs are started with `no_new_privs`. */
  noNewPrivileges: boolean;
  /** User namespace mode. */
  userns?: string;
}

/** Throws invalid-argument for an invalid default. */
export function checkContainerDefaults({ userns = "" }: ContainerDefaults): void {
  parseUserns(userns, "config.json: userns");
}

/**
 * Adds the default settings to those of a request. The container keeps them when the configuration changes later. `labels`
 * are those of the container and its image.
 */
export function withContainerDefaults(
  host: HostConfig,
  defaults: ContainerDefaults,
  labels: Record<string, string> = {},
): HostConfig {
  const { noNewPrivileges, userns = developmentUserns(host, labels) } = defaults;
  const { SecurityOpt: options = [], UsernsMode } = host;
  const has = (name: string) => options.some((option) => option.split(/[=:]/, 1)[0] === name);
  const adds = noNewPrivileges && !has("no-new-privileges");
  return {
    ...host,
    ...(adds ? { SecurityOpt: [...options, "no-new-privileges"] } : {}),
    ...(userns !== undefined && !UsernsMode && !has("userns") ? { UsernsMode: userns } : {}),
  };
}
