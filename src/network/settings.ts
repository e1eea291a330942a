import { invalidArgument, type TboxError } from "#support/errors.ts";
import { parseAddress } from "./addresses/address.ts";
import { type EndpointSettings, type Network, resolvesNames } from "./network.ts";

/** Throws invalid-argument with Docker's message for endpoint settings that a network does not support. */
export function checkSettings(network: Network, settings: EndpointSettings): void {
  const { ipv4, ipv6, mac, aliases = [], links = [], linkLocal = [] } = settings;
  if (aliases.length > 0 && !resolvesNames(network)) {
    throw invalid(network, "network-scoped alias is supported only for containers in user defined networks");
  }
  checkAddress(network, ipv4, 4);
  checkAddress(network, ipv6, 6);
  const bad = linkLocal.find((address) => !parseAddress(address));
  if (bad !== undefined) throw invalid(network, `invalid link-local IP address: ${bad}`);
  if (mac !== undefined && !isHardwareAddress(mac)) throw invalid(network, `invalid MAC address ${mac}`);
  // Aliases of links are written to /etc/hosts on the default network.
  for (const { alias } of links) {
    if (alias === "" || alias.length > 253 || /[\s\p{Cc}/]/u.test(alias)) {
      throw invalid(network, `invalid alias ${JSON.stringify(alias)}`);
    }
  }
  if (settings.interface !== undefined && !/^[^\s/:.]{1,15}$/.test(settings.interface)) {
    throw invalid(network, `invalid interface name ${JSON.stringify(settings.interface)}`);
  }
}

function checkAddress(network: Network, text: string | undefined, family: 4 | 6): void {
  if (text === undefined) return;
  if (parseAddress(text)?.family !== family) throw invalid(network, `invalid IPv${family} address: ${text}`);
  const subnet = family === 4 ? network.ipv4 : network.ipv6;
  if (!resolvesNames(network)) {
    throw invalid(network, "user specified IP address is supported on user defined networks only");
  }
  if (subnet?.chosen) return;
  const rule =
    "user specified IP address is supported only when connecting to networks with user configured subnets";
  throw invalid(network, rule);
}

function isHardwareAddress(text: string): boolean {
  const first = Number.parseInt(text.slice(0, 2), 16);
  // The lowest bit of the first byte marks multicast addresses.
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) && first % 2 === 0;
}

function invalid({ name }: Network, message: string): TboxError {
  return invalidArgument(`invalid config for network ${name}: ${message}`);
}
