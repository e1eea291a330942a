import type { TransportOptions } from "../connection/transport.ts";

export interface RegistryOptions extends TransportOptions {
  /** Domains that are reached over plain http or without a trusted certificate. */
  insecure: readonly string[];
  /** Base URLs of the mirrors that are tried before a domain's registry. */
  mirrors: Readonly<Record<string, readonly string[]>>;
  /** Hosts that may receive credentials as token servers of registries in other domains. */
  tokenServers: readonly string[];
  /** Timeout of a server that does not answer, in milliseconds; a minute by default. */
  patience?: number;
}
