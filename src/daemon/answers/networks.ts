import { interfaceOption } from "#api/requests/endpoint.ts";
import { networksOf } from "#containers/networking/network-mode.ts";
import { namesOn } from "#containers/networking/network-request.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import type { Engine } from "#engine/engine.ts";

export type Networks = Engine["networks"];
type Network = ReturnType<Networks["get"]>;
type Endpoint = NonNullable<ContainerRecord["network"]>["endpoints"][number];

/** The networks a container is on: with addresses while it runs. */
export function containerNetworks(record: ContainerRecord, networks: Networks) {
  const all = Object.entries(networksOf(record)).map(([name, settings]) => {
    const endpoint = record.network?.endpoints.find((one) => one.name === name);
    const network = networks.named(name);
    const names = network ? namesOn(record, network) : [];
    const shaped = {
      ...unconnected,
      NetworkID: network?.id ?? "",
      ...(endpoint ? shapeEndpoint(endpoint) : {}),
      ...shapeSettings(settings),
      // Where no names are told, links are among what is said of the host.
      ...(names.length > 0 ? { DNSNames: names } : { Links: null }),
    };
    return [name, shaped] as const;
  });
  return Object.fromEntries(all);
}

type Settings = ReturnType<typeof networksOf>[string];

function shapeSettings({ aliases, links, ipv4, ipv6, linkLocal, mac, priority, ...rest }: Settings) {
  const { interface: name } = rest;
  const addresses = {
    ...(ipv4 === undefined ? {} : { IPv4Address: ipv4 }),
    ...(ipv6 === undefined ? {} : { IPv6Address: ipv6 }),
    ...(linkLocal === undefined ? {} : { LinkLocalIPs: linkLocal }),
  };
  return {
    IPAMConfig: Object.keys(addresses).length > 0 ? addresses : null,
    Links: links?.map((link) => `${link.name}:${link.alias}`) ?? null,
    Aliases: aliases ?? null,
    DriverOpts: name === undefined ? null : { [interfaceOption]: name },
    GwPriority: priority ?? 0,
    ...(mac === undefined ? {} : { MacAddress: mac }),
  };
}

const unconnected = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: "",
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: "",
  EndpointID: "",
  Gateway: "",
  IPAddress: "",
  IPPrefixLen: 0,
  IPv6Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
};

function shapeEndpoint({ network, id, mac, ipv4, ipv6 }: Endpoint) {
  return {
    NetworkID: network,
    EndpointID: id,
    MacAddress: mac,
    Gateway: ipv4.gateway,
    IPAddress: ipv4.address,
    IPPrefixLen: ipv4.prefix,
    IPv6Gateway: ipv6?.gateway ?? "",
    GlobalIPv6Address: ipv6?.address ?? "",
    GlobalIPv6PrefixLen: ipv6?.prefix ?? 0,
  };
}

/** Addresses on the default network, which Docker has in `NetworkSettings` itself too. */
export function defaultAddresses({ network }: ContainerRecord) {
  const endpoint = network?.endpoints.find(({ name }) => name === "bridge");
  const shaped = endpoint ? shapeEndpoint(endpoint) : unconnected;
  const { EndpointID, Gateway, GlobalIPv6Address, GlobalIPv6PrefixLen } = shaped;
  const { IPAddress, IPPrefixLen, IPv6Gateway, MacAddress } = shaped;
  return {
    EndpointID,
    Gateway,
    GlobalIPv6Address,
    GlobalIPv6PrefixLen,
    IPAddress,
    IPPrefixLen,
    IPv6Gateway,
    MacAddress,
  };
}

/** `GET /networks/{id}`; `running` are the containers whose places on it are shown. */
export function shapeNetwork(network: Network, running: ContainerRecord[]) {
  const configurations = [network.ipv4, network.ipv6].flatMap((place) =>
    place
      ? [
          {
            Subnet: place.subnet,
            ...(place.range === undefined ? {} : { IPRange: place.range }),
            Gateway: place.gateway,
            ...(place.reserved === undefined ? {} : { AuxiliaryAddresses: place.reserved }),
          },
        ]
      : [],
  );
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: "local",
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: network.ipv6 !== undefined,
    IPAM: { Driver: "default", Options: null, Config: configurations },
    Internal: network.internal,
    Attachable: network.attachable ?? false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(running.flatMap((record) => placeOn(record, network))),
    Options: network.options,
    Labels: network.labels,
  };
}

function placeOn({ id, name, network: joined }: ContainerRecord, network: Network): [string, object][] {
  const endpoint = joined?.endpoints.find((one) => one.network === network.id);
  if (!endpoint) return [];
  const withPrefix = (place: Endpoint["ipv6"]) => (place ? `${place.address}/${place.prefix}` : "");
  const shaped = {
    Name: name,
    EndpointID: endpoint.id,
    MacAddress: endpoint.mac,
    IPv4Address: withPrefix(endpoint.ipv4),
    IPv6Address: withPrefix(endpoint.ipv6),
  };
  return [[id, shaped]];
}
