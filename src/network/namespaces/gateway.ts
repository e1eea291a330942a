import type { Endpoint, Network } from "../network.ts";

/** The places of a container through which it reaches what lies beyond its networks. */
export interface Gateways {
  ipv4: Endpoint | undefined;
  ipv6: Endpoint | undefined;
}

/** Docker's rule: the greatest priority, then the first name. */
export function gatewaysOf(endpoints: Endpoint[], networkOf: (id: string) => Network | undefined): Gateways {
  const leading = endpoints
    .filter(({ network }) => networkOf(network)?.internal === false)
    .sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0) || (a.name < b.name ? -1 : 1));
  return { ipv4: leading[0], ipv6: leading.find(({ ipv6 }) => ipv6) };
}
