import type { BridgeRequest } from "#native/net-protocol.ts";
import { TboxError } from "#support/errors.ts";
import { type Address, formatAddress, parseAddress, parseSubnet } from "./address.ts";
import { type Allocator, openAllocator } from "./allocator.ts";
import type { Endpoint, EndpointAddress, Network, NetworkSubnet } from "./network.ts";

/** A network with a bridge, and which of its addresses are in use. */
export interface Bridge {
  network: Network;
  ipv4: Range;
  ipv6?: Range;
}

interface Range {
  prefix: number;
  gateway: Address;
  addresses: Allocator;
}

/** Nothing for a network that has no addresses. */
export function openBridge(network: Network): Bridge | undefined {
  if (!network.ipv4) return undefined;
  const ipv6 = network.ipv6 ? { ipv6: openRange(network.ipv6) } : {};
  return { network, ipv4: openRange(network.ipv4), ...ipv6 };
}

function openRange({ subnet: text, gateway: gatewayText }: NetworkSubnet): Range {
  const subnet = parseSubnet(text);
  const gateway = addressOf(gatewayText);
  return { prefix: subnet.prefix, gateway, addresses: openAllocator({ subnet, gateway }) };
}

/** What the net helper needs to know of it. */
export function bridgeRequest({ network, ipv4, ipv6 }: Bridge): BridgeRequest {
  const place = ({ gateway, prefix }: Range) => ({ gateway: formatAddress(gateway), prefix });
  return {
    id: network.id,
    ipv4: place(ipv4),
    ...(ipv6 ? { ipv6: place(ipv6) } : {}),
    internal: network.internal,
    mtu: 1500,
    hostLoopback: false,
  };
}

/** An endpoint with addresses that nobody else has. */
export function takeEndpoint({ network, ipv4, ipv6 }: Bridge, id: string): Endpoint {
  const address = ipv4.addresses.take();
  return {
    network: network.id,
    name: network.name,
    id,
    mac: hardwareAddress(address),
    ipv4: place(ipv4, address),
    ...(ipv6 ? { ipv6: place(ipv6, ipv6.addresses.take()) } : {}),
  };
}

/** Takes note of an endpoint from an earlier time. */
export function adoptEndpoint({ ipv4, ipv6 }: Bridge, endpoint: Endpoint): void {
  ipv4.addresses.reserve(addressOf(endpoint.ipv4.address));
  if (endpoint.ipv6) ipv6?.addresses.reserve(addressOf(endpoint.ipv6.address));
}

export function releaseEndpoint({ ipv4, ipv6 }: Bridge, endpoint: Endpoint): void {
  ipv4.addresses.release(addressOf(endpoint.ipv4.address));
  if (endpoint.ipv6) ipv6?.addresses.release(addressOf(endpoint.ipv6.address));
}

function place({ prefix, gateway }: Range, address: Address): EndpointAddress {
  return { address: formatAddress(address), prefix, gateway: formatAddress(gateway) };
}

/** Of the address, so that neighbours never mistake one for another: as Docker has it. */
function hardwareAddress({ value }: Address): string {
  const bytes = [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 0xffn).toString(16).padStart(2, "0"));
  return ["02", "42", ...bytes].join(":");
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (!address) throw new TboxError("internal", `${text} is no address`);
  return address;
}
