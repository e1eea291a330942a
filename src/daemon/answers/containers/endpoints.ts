import type { EndpointAddresses, EndpointAnswer } from "#api/answers/networks.ts";
import { interfaceOption } from "#api/requests/endpoint.ts";
import { networksOf } from "#containers/networking/network-mode.ts";
import { namesOn } from "#containers/networking/network-request.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import type { Engine } from "#engine/engine.ts";

/** Lookup of networks by name. */
export type NetworkNames = Pick<Engine["networks"], "named">;

type Endpoint = NonNullable<ContainerRecord["network"]>["endpoints"][number];
type Settings = ReturnType<typeof networksOf>[string];

/** Returns a container's endpoints by network name. Endpoints have addresses while the container runs. */
export function shapeEndpoints(
  record: ContainerRecord,
  networks: NetworkNames,
): Record<string, EndpointAnswer> {
  const all = Object.entries(networksOf(record)).map(([name, settings]): [string, EndpointAnswer] => {
    const endpoint = record.network?.endpoints.find((one) => one.name === name);
    const network = networks.named(name);
    const names = network ? namesOn(record, network) : [];
    const shaped = {
      ...unconnected,
      NetworkID: network?.id ?? "",
      ...(endpoint ? { NetworkID: endpoint.network, ...shapeAddresses(endpoint) } : {}),
      ...shapeSettings(settings),
      // On a network without name resolution, links are part of HostConfig.
      ...(names.length > 0 ? {} : { Links: null }),
      // As in Docker, the names are known from the first start on.
      ...(names.length > 0 && record.state.status !== "created" ? { DNSNames: names } : {}),
    };
    return [name, shaped];
  });
  return Object.fromEntries(all);
}

function shapeSettings({ aliases, links, ipv4, ipv6, linkLocal, mac, priority, ...rest }: Settings) {
  const { interface: name, options } = rest;
  const driverOptions = { ...options, ...(name === undefined ? {} : { [interfaceOption]: name }) };
  const addresses = {
    ...(ipv4 === undefined ? {} : { IPv4Address: ipv4 }),
    ...(ipv6 === undefined ? {} : { IPv6Address: ipv6 }),
    ...(linkLocal === undefined ? {} : { LinkLocalIPs: linkLocal }),
  };
  return {
    IPAMConfig: Object.keys(addresses).length > 0 ? addresses : null,
    Links: links?.map((link) => `${link.name}:${link.alias}`) ?? null,
    Aliases: aliases ?? null,
    DriverOpts: Object.keys(driverOptions).length > 0 ? driverOptions : null,
    GwPriority: priority ?? 0,
    ...(mac === undefined ? {} : { MacAddress: mac }),
  };
}

const unconnected: EndpointAnswer = {
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

function shapeAddresses({ id, mac, ipv4, ipv6 }: Endpoint): EndpointAddresses {
  return {
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

/** Returns the addresses on the default network. Docker repeats these addresses in `NetworkSettings`. */
export function defaultAddresses(record: ContainerRecord): EndpointAddresses {
  const endpoint = record.network?.endpoints.find(({ name }) => name === "bridge");
  if (endpoint) return shapeAddresses(endpoint);
  const { EndpointID, Gateway, GlobalIPv6Address, GlobalIPv6PrefixLen } = unconnected;
  const { IPAddress, IPPrefixLen, IPv6Gateway } = unconnected;
  return {
    EndpointID,
    Gateway,
    GlobalIPv6Address,
    GlobalIPv6PrefixLen,
    IPAddress,
    IPPrefixLen,
    IPv6Gateway,
    MacAddress: (record.state.status === "created" && networksOf(record).bridge?.mac) || "",
  };
}
