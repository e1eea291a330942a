import type { TransportOptions } from "../connection/transport.ts";

export interface RegistryOptions extends TransportOptions {
  /** Domains that may use plain http or an untrusted certificate. */
  insecure: readonly string[];
  /** Base URLs of the mirrors that are tried before a domain's registry. */
  mirrors: Readonly<Record<string, readonly string[]>>;
  /** Token servers that may receive the credentials for registries in other domains. */
  tokenServers: readonly string[];
  /** Time to wait for a silent server, in milliseconds; a minute by default. */
  patience?: number;
}
