import { splitFields } from "#support/fields.ts";
import { ExitError } from "../output/exit.ts";
import type { Invocation } from "../registry/command.ts";
import { toRecord } from "./entries.ts";
import type { ContainerFlags } from "./flags.ts";
import { parseIpAddress } from "./hosts.ts";

/** A network of `--network`, with what is asked of the place on it as the API takes it. */
export interface NetworkChoice {
  name: string;
  endpoint: Endpoint;
}

interface Endpoint {
  Aliases?: string[];
  Links?: string[];
  MacAddress?: string;
  GwPriority?: number;
  DriverOpts?: Record<string, string>;
  IPAMConfig?: Addresses;
}

interface Addresses {
  IPv4Address?: string;
  IPv6Address?: string;
  LinkLocalIPs?: string[];
}

/** A name, or `name=NETWORK,alias=NAME,ip=ADDRESS,…`. */
export function parseNetwork(text: string): NetworkChoice {
  if (!text.includes("=")) return { name: text, endpoint: {} };
  const options: string[] = [];
  const addresses: Addresses = {};
  const endpoint: Endpoint = {};
  let name = "";
  for (const field of splitFields(text)) {
    const equals = field.indexOf("=");
    if (equals < 1) throw new Error(`invalid field ${field}: it must be name=value`);
    const [key, value] = [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1).trim()];
    switch (key) {
      case "name":
        name = value;
        break;
      case "alias":
        endpoint.Aliases = [...(endpoint.Aliases ?? []), value];
        break;
      case "ip":
        addresses.IPv4Address = parseIpAddress(value);
        break;
      case "ip6":
        addresses.IPv6Address = parseIpAddress(value);
        break;
      case "link-local-ip":
        addresses.LinkLocalIPs = [...(addresses.LinkLocalIPs ?? []), parseIpAddress(value)];
        break;
      case "mac-address":
        endpoint.MacAddress = value;
        break;
      case "gw-priority":
        if (!/^-?\d{1,9}$/.test(value)) throw new Error(`invalid gw-priority ${value}: it must be a number`);
        endpoint.GwPriority = Number(value);
        break;
      case "driver-opt":
        options.push(value);
        break;
      default:
        throw new Error(`invalid field key ${key}`);
    }
  }
  if (name === "") throw new Error("network name is not specified");
  if (options.length > 0) endpoint.DriverOpts = toRecord(options);
  if (Object.keys(addresses).length > 0) endpoint.IPAMConfig = addresses;
  return { name, endpoint };
}

type Flags = Pick<
  Invocation<ContainerFlags>["flags"],
  "network" | "network-alias" | "link" | "ip" | "ip6" | "link-local-ip" | "mac-address"
>;

/** What of a create's body says where the container is to be; the options apart are for the first network. */
export function networking(flags: Flags): {
  mode: string | undefined;
  config: { EndpointsConfig: Record<string, Endpoint> } | undefined;
} {
  const [first = { name: "default", endpoint: {} }, ...others] = flags.network;
  const own = firstEndpoint(flags, first.endpoint);
  if (others.length === 0 && Object.keys(own).length === 0) {
    return { mode: flags.network[0]?.name, config: undefined };
  }
  const choices = [{ ...first, endpoint: own }, ...others];
  const apart = choices.find(({ name }) => /^(host|none|container:.*)$/.test(name));
  if (apart && others.length > 0) {
    throw new ExitError(`conflicting options: network ${apart.name} cannot be had with others`, 125);
  }
  const endpoints: Record<string, Endpoint> = {};
  for (const { name, endpoint } of choices) {
    if (Object.hasOwn(endpoints, name))
      throw new ExitError(`network ${name} is specified multiple times`, 125);
    endpoints[name] = endpoint;
  }
  return { mode: flags.network[0]?.name, config: { EndpointsConfig: endpoints } };
}

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
  const addresses: Addresses = {
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
