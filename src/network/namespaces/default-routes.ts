import type { Endpoint, Network } from "../network.ts";

/** The endpoints of a container that have its default routes. */
export interface DefaultRoutes {
  ipv4: Endpoint | undefined;
  ipv6: Endpoint | undefined;
}

/** Applies Docker's rule: the greatest priority wins, then the first network name. Internal networks never win. */
export function chooseDefaultRoutes(
  endpoints: Endpoint[],
  networkOf: (id: string) => Network | undefined,
): DefaultRoutes {
  const candidates = endpoints
    .filter(({ network }) => networkOf(network)?.internal === false)
    .sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0) || (a.name < b.name ? -1 : 1));
  return { ipv4: candidates[0], ipv6: candidates.find(({ ipv6 }) => ipv6) };
}

/** Returns the container's addresses that published ports forward to; none without a network. */
export function targetAddresses({ ipv4, ipv6 }: DefaultRoutes): { ipv4?: string; ipv6?: string } {
  return {
    ...(ipv4 ? { ipv4: ipv4.ipv4.address } : {}),
    ...(ipv6?.ipv6 ? { ipv6: ipv6.ipv6.address } : {}),
  };
}
