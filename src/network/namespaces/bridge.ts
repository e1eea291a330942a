import { randomBytes } from "node:crypto";
import type { BridgeRequest } from "#native/protocol/net.ts";
import { TboxError } from "#support/errors.ts";
import { type Address, formatAddress, parseAddress, parseSubnet } from "../addresses/address.ts";
import { type Allocator, openAllocator } from "../addresses/allocator.ts";
import {
  type Endpoint,
  type EndpointAddress,
  type EndpointSettings,
  type Network,
  type NetworkSubnet,
  resolvesNames,
} from "../network.ts";
import { type NetworkOptions, readNetworkOptions } from "../options.ts";

/** The bridge of a network, with its allocated addresses. */
export interface Bridge {
  network: Network;
  options: NetworkOptions;
  ipv4: Range;
  ipv6?: Range;
}

/** A requested endpoint. */
export interface EndpointPlan {
  settings: EndpointSettings;
  /** Names of the container on the network. */
  names: string[];
}

interface Range {
  prefix: number;
  gateway: Address;
  addresses: Allocator;
}

/** Opens the bridge of a network; returns undefined for a network without addresses. */
export function openBridge(network: Network): Bridge | undefined {
  if (!network.ipv4) return undefined;
  const ipv6 = network.ipv6 ? { ipv6: openRange(network.ipv6) } : {};
  return { network, options: readNetworkOptions(network.options), ipv4: openRange(network.ipv4), ...ipv6 };
}

function openRange({ subnet: text, gateway: gatewayText, range, reserved = {} }: NetworkSubnet): Range {
  const subnet = parseSubnet(text);
  const gateway = addressOf(gatewayText);
  const part = range === undefined ? undefined : parseSubnet(range);
  const addresses = openAllocator({ subnet, gateway, range: part });
  for (const address of new Set(Object.values(reserved))) {
    if (address !== gatewayText) addresses.reserve(addressOf(address));
  }
  return { prefix: subnet.prefix, gateway, addresses };
}

/** Describes a bridge to the net helper. */
export function bridgeRequest({
  network,
  options: { mtu, hostLoopback },
  ipv4,
  ipv6,
}: Bridge): BridgeRequest {
  const describe = ({ gateway, prefix }: Range) => ({ gateway: formatAddress(gateway), prefix });
  return {
    id: network.id,
    ipv4: describe(ipv4),
    ...(ipv6 ? { ipv6: describe(ipv6) } : {}),
    internal: network.internal,
    mtu,
    hostLoopback,
  };
}

/** Creates an endpoint with newly allocated addresses; `number` is the number of its interface. */
export function allocateEndpoint(
  { network, options, ipv4, ipv6 }: Bridge,
  number: number,
  { settings, names }: EndpointPlan,
): Endpoint {
  const address = allocate(ipv4, settings.ipv4);
  let address6: Address | undefined;
  try {
    address6 = ipv6 && allocate(ipv6, settings.ipv6);
  } catch (error) {
    ipv4.addresses.release(address);
    throw error;
  }
  const { linkLocal, priority, links } = settings;
  return {
    network: network.id,
    name: network.name,
    id: randomBytes(32).toString("hex"),
    number,
    interface: settings.interface ?? `${options.interfacePrefix}${number}`,
    mac: settings.mac ?? hardwareAddress(address),
    ipv4: endpointAddress(ipv4, address),
    ...(ipv6 && address6 ? { ipv6: endpointAddress(ipv6, address6) } : {}),
    ...(linkLocal ? { linkLocal } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...(resolvesNames(network) ? { names, ...(links ? { links } : {}) } : {}),
  };
}

function allocate({ addresses }: Range, wanted: string | undefined): Address {
  if (wanted === undefined) return addresses.take();
  const address = addressOf(wanted);
  addresses.reserve(address);
  return address;
}

/** Reserves the addresses of an existing endpoint. */
export function reserveEndpoint({ ipv4, ipv6 }: Bridge, endpoint: Endpoint): void {
  ipv4.addresses.reserve(addressOf(endpoint.ipv4.address));
  if (endpoint.ipv6) ipv6?.addresses.reserve(addressOf(endpoint.ipv6.address));
}

export function releaseEndpoint({ ipv4, ipv6 }: Bridge, endpoint: Endpoint): void {
  ipv4.addresses.release(addressOf(endpoint.ipv4.address));
  if (endpoint.ipv6) ipv6?.addresses.release(addressOf(endpoint.ipv6.address));
}

function endpointAddress({ prefix, gateway }: Range, address: Address): EndpointAddress {
  return { address: formatAddress(address), prefix, gateway: formatAddress(gateway) };
}

/** Derives the MAC address from the IPv4 address, as Docker does, so that neighbour caches stay valid. */
function hardwareAddress({ value }: Address): string {
  const bytes = [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 0xffn).toString(16).padStart(2, "0"));
  return ["02", "42", ...bytes].join(":");
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (!address) throw new TboxError("internal", `invalid address ${text}`);
  return address;
}
