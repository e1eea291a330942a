import type { TransportOptions } from "../connection/transport.ts";

export interface RegistryOptions extends TransportOptions {
  /** Domains that may use plain http or an untrusted certificate. */
  insecure: readonly string[];
  /** Base URLs of the mirrors that are tried before a domain's registry. */
  mirrors: Readonly<Record<string, readonly string[]>>;
  /** Hosts that may receive credentials as token servers of registries in other domains. */
  tokenServers: readonly string[];
  /** Timeout of a server that does not answer, in milliseconds; a minute by default. */
  patience?: number;
}
