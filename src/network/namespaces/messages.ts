import type { EndpointRequest, NamespaceNames, PortRequest, Publication } from "#native/protocol/net.ts";
import type { Endpoint, NetworkNamespace } from "../network.ts";
import { type DefaultRoutes, targetAddresses } from "./default-routes.ts";

/** Describes one interface to the net helper. */
export function endpointRequest(endpoint: Endpoint, { ipv4, ipv6 }: DefaultRoutes): EndpointRequest {
  return {
    network: endpoint.network,
    number: endpoint.number,
    interface: endpoint.interface,
    mac: endpoint.mac,
    ipv4: endpoint.ipv4.address,
    ...(endpoint.ipv6 ? { ipv6: endpoint.ipv6.address } : {}),
    ...(endpoint.linkLocal ? { linkLocal: endpoint.linkLocal } : {}),
    ipv4Route: endpoint === ipv4,
    ipv6Route: endpoint === ipv6,
  };
}

/** Describes the names and resolvers of a namespace to the net helper. */
export function namespaceNames(
  { sandbox, endpoints, servers = [] }: NetworkNamespace,
  { ipv4: defaultRoute }: DefaultRoutes,
): NamespaceNames {
  return {
    sandbox,
    places: endpoints.flatMap(({ network, name, names, ipv4, ipv6 }) =>
      names === undefined
        ? []
        : [
            {
              network,
              names: qualifiedNames(names, name),
              ipv4: ipv4.address,
              ...(ipv6 ? { ipv6: ipv6.address } : {}),
            },
          ],
    ),
    links: endpoints.flatMap(({ links = [] }) =>
      links.map(({ alias, name }) => ({ alias: alias.toLowerCase(), name: name.toLowerCase() })),
    ),
    servers,
    outside: defaultRoute !== undefined,
  };
}

/** Returns `name.network` and `name` for each name; reverse lookups return the first. */
function qualifiedNames(names: string[], network: string): string[] {
  const lower = names.map((name) => name.toLowerCase());
  return [...new Set([...lower.map((name) => `${name}.${network.toLowerCase()}`), ...lower])];
}

export function publication(sandbox: number, routes: DefaultRoutes, ports: PortRequest[]): Publication {
  return { sandbox, ...targetAddresses(routes), ports };
}
