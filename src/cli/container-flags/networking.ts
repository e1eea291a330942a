import { ExitError } from "../output/exit.ts";
import type { Invocation } from "../registry/command.ts";
import type { Endpoint, EndpointAddresses } from "../values/network.ts";
import type { ContainerFlags } from "./flags.ts";

type Flags = Pick<
  Invocation<ContainerFlags>["flags"],
  "network" | "network-alias" | "link" | "ip" | "ip6" | "link-local-ip" | "mac-address"
>;

/** Network settings of a create request. */
export interface Networking {
  mode: string | undefined;
  config: { EndpointsConfig: Record<string, Endpoint> } | undefined;
}

/** Returns the network settings of the flags. Flags such as `--ip` apply to the first network. */
export function networking(flags: Flags): Networking {
  const [first = { name: "default", endpoint: {} }, ...others] = flags.network;
  const endpoint = firstEndpoint(flags, first.endpoint);
  const mode = flags.network[0]?.name;
  if (others.length === 0 && Object.keys(endpoint).length === 0) return { mode, config: undefined };
  const choices = [{ ...first, endpoint }, ...others];
  const exclusive = choices.find(({ name }) => /^(host|none|container:.*)$/.test(name));
  if (exclusive && others.length > 0) {
    throw new ExitError(
      `conflicting options: cannot combine network ${exclusive.name} with other networks`,
      125,
    );
  }
  const endpoints: Record<string, Endpoint> = {};
  for (const choice of choices) {
    if (Object.hasOwn(endpoints, choice.name)) {
      throw new ExitError(`network ${choice.name} is specified multiple times`, 125);
    }
    endpoints[choice.name] = choice.endpoint;
  }
  return { mode, config: { EndpointsConfig: endpoints } };
}

/** Adds the flags for the first network to its endpoint; throws for a setting that `--network` contains, too. */
function firstEndpoint(flags: Flags, endpoint: Endpoint): Endpoint {
  const { ip, ip6, link, "network-alias": aliases, "link-local-ip": linkLocal, "mac-address": mac } = flags;
  const { IPAMConfig: given = {} } = endpoint;
  const conflict = (option: string) =>
    new ExitError(`conflicting options: cannot specify both --${option} and per-network ${option}`, 125);
  if (aliases.length > 0 && endpoint.Aliases) throw conflict("network-alias");
  if (ip !== undefined && given.IPv4Address) throw conflict("ip");
  if (ip6 !== undefined && given.IPv6Address) throw conflict("ip6");
  if (linkLocal.length > 0 && given.LinkLocalIPs) throw conflict("link-local-ip");
  if (mac !== undefined && endpoint.MacAddress) throw conflict("mac-address");
  const addresses: EndpointAddresses = {
    ...given,
    ...(ip === undefined ? {} : { IPv4Address: ip }),
    ...(ip6 === undefined ? {} : { IPv6Address: ip6 }),
    ...(linkLocal.length === 0 ? {} : { LinkLocalIPs: linkLocal }),
  };
  return {
    ...endpoint,
    ...(aliases.length > 0 ? { Aliases: aliases } : {}),
    ...(link.length > 0 ? { Links: link } : {}),
    ...(mac === undefined ? {} : { MacAddress: mac }),
    ...(Object.keys(addresses).length > 0 ? { IPAMConfig: addresses } : {}),
  };
}
