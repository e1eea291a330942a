import { invalidArgument, TboxError } from "#support/errors.ts";
import {
  contains,
  formatAddress,
  formatSubnet,
  overlap,
  parseAddress,
  parseSubnet,
  type Subnet,
} from "./addresses/address.ts";
import { chooseSubnet, defaultGateway, randomSubnet6 } from "./addresses/subnets.ts";
import type { Network, NetworkSubnet } from "./network.ts";
import { readNetworkOptions } from "./options.ts";

/** A request for a new network. */
export interface CreateNetwork {
  name: string;
  driver?: string;
  internal?: boolean;
  attachable?: boolean;
  ipv6?: boolean;
  /** At most one per IP version. */
  pools?: AddressPool[];
  /** Options of the driver that allocates addresses. They have no effect. */
  addressOptions?: Record<string, string>;
  options?: Record<string, string>;
  labels?: Record<string, string>;
}

export interface AddressPool {
  subnet?: string;
  range?: string;
  gateway?: string;
  reserved?: Record<string, string>;
}

/** Subnets that a new network must not overlap. */
export interface ExistingNetworks {
  networks: Network[];
  /** Finds a network by its full name. */
  named: (name: string) => Network | undefined;
  /** Routes of the host. */
  routes: Subnet[];
}

/** Plans a network; throws for an invalid or unsupported request. */
export function planNetwork(
  request: CreateNetwork,
  existing: ExistingNetworks,
): Omit<Network, "id" | "created"> {
  const { name, internal = false, attachable = false, options = {}, labels = {}, addressOptions } = request;
  checkName(name, existing.named);
  checkDriver(request.driver ?? "bridge");
  readNetworkOptions(options);
  const planned = (request.pools ?? []).map((pool) => planPool(pool, existing.networks));
  const of = (family: 4 | 6) => planned.filter(({ subnet }) => parseSubnet(subnet).base.family === family);
  const [ipv4, ...more4] = of(4);
  const [ipv6, ...more6] = of(6);
  if (more4.length + more6.length > 0) {
    throw new TboxError("not-implemented", "more than one subnet per IP version is not supported");
  }
  if (ipv6 && request.ipv6 === false) {
    throw invalidArgument(`subnet ${ipv6.subnet} needs IPv6 to be enabled for the network`);
  }
  const taken = [...existing.routes, ...existing.networks.flatMap(subnetsOf)];
  return {
    name,
    driver: "bridge",
    internal,
    attachable,
    ipv4: ipv4 ?? withDefaultGateway(chooseSubnet(taken)),
    ...(ipv6 || request.ipv6 ? { ipv6: ipv6 ?? withDefaultGateway(randomSubnet6()) } : {}),
    options,
    labels,
    ...(addressOptions ? { addressOptions } : {}),
  };
}

/** Reserved names of networks. */
const predefined = new Set(["bridge", "host", "none", "default", "container"]);

function checkName(name: string, named: ExistingNetworks["named"]): void {
  if (name.trim() === "") throw invalidArgument("invalid name: name is empty");
  if (/\p{Cc}/u.test(name) || name.length > 255) {
    throw invalidArgument(`invalid name ${JSON.stringify(name)} for a network`);
  }
  if (predefined.has(name) || name.startsWith("container:")) {
    throw new TboxError("forbidden", `operation is not permitted on predefined ${name} network`);
  }
  if (named(name)) {
    throw new TboxError("conflict", `network with name ${name} already exists`);
  }
}

function checkDriver(driver: string): void {
  if (driver === "bridge" || driver === "default") return;
  if (driver === "host" || driver === "null") {
    throw new TboxError("forbidden", `only one instance of "${driver}" network is allowed`);
  }
  throw new TboxError(
    "not-implemented",
    `network driver ${JSON.stringify(driver)} is not supported: use bridge`,
  );
}

/** Parses the subnet of a request; throws invalid-argument, with Docker's messages. */
function parseRequestedSubnet(text = ""): Subnet {
  const refuse = (reason: string) =>
    invalidArgument(`invalid network config:\ninvalid subnet ${text}: ${reason}`);
  let subnet: Subnet;
  try {
    subnet = parseSubnet(text);
  } catch {
    throw refuse("invalid CIDR block notation");
  }
  const address = parseAddress(text.replace(/\/.*/, ""));
  if (address?.value !== subnet.base.value) throw refuse(`it should be ${formatSubnet(subnet)}`);
  return subnet;
}

function planPool(
  { subnet: text, range, gateway, reserved = {} }: AddressPool,
  networks: Network[],
): NetworkSubnet {
  const subnet = parseRequestedSubnet(text);
  if (subnet.base.family === 4 ? subnet.prefix > 31 || subnet.prefix < 8 : subnet.prefix > 126) {
    throw invalidArgument(
      `invalid subnet ${text}: it is too small for a gateway and containers, or larger than /8`,
    );
  }
  const other = networks.flatMap(subnetsOf).find((one) => overlap(one, subnet));
  if (other) {
    const message = `invalid pool request: Pool overlaps with other one on this address space: ${formatSubnet(other)}`;
    throw new TboxError("forbidden", message);
  }
  const within = (address: string, what: string) => {
    const parsed = parseAddress(address);
    if (parsed && contains(subnet, parsed)) return formatAddress(parsed);
    throw invalidArgument(`invalid ${what} ${address}: it must be an address of subnet ${text}`);
  };
  const part = range === undefined ? undefined : parseSubnet(range);
  if (part && (!contains(subnet, part.base) || part.prefix < subnet.prefix)) {
    throw invalidArgument(`invalid ip-range ${range}: it must be part of subnet ${text}`);
  }
  for (const [name, address] of Object.entries(reserved)) within(address, `auxiliary address ${name}`);
  return {
    subnet: formatSubnet(subnet),
    gateway: gateway === undefined ? formatAddress(defaultGateway(subnet)) : within(gateway, "gateway"),
    ...(part ? { range: formatSubnet(part) } : {}),
    ...(Object.keys(reserved).length > 0 ? { reserved } : {}),
    chosen: true,
  };
}

function withDefaultGateway(subnet: Subnet): NetworkSubnet {
  return { subnet: formatSubnet(subnet), gateway: formatAddress(defaultGateway(subnet)) };
}

/** Parsed subnets of networks, which never change: a store can have a thousand networks. */
const parsedSubnets = new WeakMap<Network, Subnet[]>();

function subnetsOf(network: Network): Subnet[] {
  const known = parsedSubnets.get(network);
  if (known) return known;
  const { ipv4, ipv6 } = network;
  const subnets = [ipv4, ipv6].flatMap((subnet) => (subnet ? [parseSubnet(subnet.subnet)] : []));
  parsedSubnets.set(network, subnets);
  return subnets;
}
