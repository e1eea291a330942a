import { hostname } from "node:os";
import { invalidArgument } from "#support/errors.ts";
import type { HostConfig } from "../request/create-request.ts";
import type { NameSettings } from "./hosts-file.ts";

/** Bytes of the longest hostname in the kernel. */
const longestName = 64;

/** Returns the hostname of a container. The default is its short ID, or the host's name where they share one. */
export function hostnameOf(id: string, { config, hostConfig }: NameSettings): string {
  const name = config.Hostname || (hasHostsName(hostConfig) ? hostname() : id.slice(0, 12));
  // The kernel's hostname is "(none)" until the host sets one.
  if (name === "(none)" && !config.Hostname) return "localhost";
  if (Buffer.byteLength(name) <= longestName && !/\p{Cc}/u.test(name)) return name;
  throw invalidArgument(`invalid hostname ${JSON.stringify(name)}`);
}

function hasHostsName({ NetworkMode, UTSMode }: HostConfig): boolean {
  return NetworkMode === "host" || UTSMode === "host";
}
