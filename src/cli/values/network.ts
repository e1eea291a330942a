import { splitFields } from "#support/fields.ts";
import { toRecord } from "./entries.ts";
import { parseIpAddress } from "./host-addresses.ts";

/** A network to connect to, with the settings of the container's endpoint. */
export interface NetworkChoice {
  name: string;
  endpoint: Endpoint;
}

/** An entry of `NetworkingConfig.EndpointsConfig` in the API. */
export interface Endpoint {
  Aliases?: string[];
  Links?: string[];
  MacAddress?: string;
  GwPriority?: number;
  DriverOpts?: Record<string, string>;
  IPAMConfig?: EndpointAddresses;
}

/** Requested addresses of an endpoint. */
export interface EndpointAddresses {
  IPv4Address?: string;
  IPv6Address?: string;
  LinkLocalIPs?: string[];
}

/** Parses `--network`: a name, or `name=NETWORK,alias=NAME,ip=ADDRESS,…`. */
export function parseNetwork(text: string): NetworkChoice {
  if (!text.includes("=")) return { name: text, endpoint: {} };
  const options: string[] = [];
  const addresses: EndpointAddresses = {};
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
