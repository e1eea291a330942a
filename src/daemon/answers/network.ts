import type { NetworkContainer, NetworkInspect, SubnetAnswer } from "#api/answers/networks.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import type { Engine } from "#engine/engine.ts";
import { defaultNetwork } from "#network/networks.ts";

type Network = ReturnType<Engine["networks"]["get"]>;
type Subnet = NonNullable<Network["ipv4"]>;

/** Returns the answer of `GET /networks/{id}`; `running` are the containers whose endpoints it lists. */
export function shapeNetwork(network: Network, running: ContainerRecord[]): NetworkInspect {
  const subnets = [network.ipv4, network.ipv6].flatMap((subnet) => (subnet ? [shapeSubnet(subnet)] : []));
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: "local",
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: network.ipv6 !== undefined,
    IPAM: { Driver: "default", Options: network.addressOptions ?? null, Config: subnets },
    Internal: network.internal,
    Attachable: network.attachable ?? false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(running.flatMap((record) => endpointOn(record, network))),
    Options: network.name === defaultNetwork ? { ...defaultOptions, ...network.options } : network.options,
    Labels: network.labels,
  };
}

const summaries = new WeakMap<Network, NetworkInspect>();

/** Returns an item of `GET /networks`. Returns the same object each time, because a network never changes. */
export function networkSummary(network: Network): NetworkInspect {
  const known = summaries.get(network);
  if (known) return known;
  const summary = shapeNetwork(network, []);
  summaries.set(network, summary);
  return summary;
}

/** Options that Docker shows for the default network. */
const defaultOptions = {
  "com.docker.network.bridge.default_bridge": "true",
  "com.docker.network.bridge.enable_icc": "true",
  "com.docker.network.bridge.enable_ip_masquerade": "true",
  "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
  "com.docker.network.bridge.name": "docker0",
  "com.docker.network.driver.mtu": "1500",
};

function shapeSubnet({ subnet, range, gateway, reserved }: Subnet): SubnetAnswer {
  return {
    Subnet: subnet,
    ...(range === undefined ? {} : { IPRange: range }),
    Gateway: gateway,
    ...(reserved === undefined ? {} : { AuxiliaryAddresses: reserved }),
  };
}

function endpointOn(record: ContainerRecord, network: Network): [string, NetworkContainer][] {
  const endpoint = record.network?.endpoints.find((one) => one.network === network.id);
  if (!endpoint) return [];
  const { id, mac, ipv4, ipv6 } = endpoint;
  const shaped = {
    Name: record.name,
    EndpointID: id,
    MacAddress: mac,
    IPv4Address: `${ipv4.address}/${ipv4.prefix}`,
    IPv6Address: ipv6 ? `${ipv6.address}/${ipv6.prefix}` : "",
  };
  return [[record.id, shaped]];
}
