import type { NetHelper } from "#native/net/net-helper.ts";
import type { EndpointRequest, PortRequest, Publication, SandboxNames } from "#native/net/net-protocol.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { Endpoint, Joined, Network } from "../network.ts";
import { adoptEndpoint, type Bridge, type PlaceRequest, releaseEndpoint, takeEndpoint } from "./bridge.ts";
import { type Gateways, gatewaysOf } from "./gateway.ts";

type Requests = Pick<NetHelper, "perform" | "publish">;

/** Network namespaces with places on networks. */
export interface Sandboxes {
  /** Greater than the number of any that an earlier daemon may have made. */
  readonly before: number;
  make(places: (PlaceRequest & { network: Network })[], servers: string[]): Promise<Joined>;
  connect(joined: Joined, network: Network, place: PlaceRequest): Promise<void>;
  disconnect(joined: Joined, network: Network): Promise<void>;
  publish(joined: Joined, ports: PortRequest[]): Promise<void>;
  gateways(joined: Joined): Gateways;
  /** Tells the helper what it is called and whom it may ask. */
  tellNames(joined: Joined, helper?: Requests): Promise<void>;
  /** Listens again on the ports that it has. */
  publishAgain(joined: Joined, helper: Requests): Promise<void>;
  release(joined: Joined): void;
  adopt(joined: Joined): void;
}

export function openSandboxes(
  helper: Requests,
  bridges: Map<string, Bridge>,
  networkOf: (id: string) => Network | undefined,
): Sandboxes {
  const before = Date.now() * 1000;
  let last = before;
  const gateways = ({ endpoints }: Joined) => gatewaysOf(endpoints, networkOf);

  function plug(endpoint: Endpoint, { ipv4, ipv6 }: Gateways): EndpointRequest {
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

  function take(network: Network, number: number, place: PlaceRequest): Endpoint {
    const bridge = bridges.get(network.id);
    if (!bridge) throw new TboxError("not-found", `network ${network.name} not found`);
    return takeEndpoint(bridge, number, place);
  }

  function giveBack(endpoint: Endpoint): void {
    const bridge = bridges.get(endpoint.network);
    if (bridge) releaseEndpoint(bridge, endpoint);
  }

  function names(joined: Joined): SandboxNames {
    return {
      sandbox: joined.sandbox,
      places: joined.endpoints.flatMap(({ network, name, names: own, ipv4, ipv6 }) =>
        own === undefined
          ? []
          : [
              {
                network,
                names: qualified(own, name),
                ipv4: ipv4.address,
                ...(ipv6 ? { ipv6: ipv6.address } : {}),
              },
            ],
      ),
      links: joined.endpoints.flatMap(({ links = [] }) =>
        links.map(({ alias, name }) => ({ alias: alias.toLowerCase(), name: name.toLowerCase() })),
      ),
      servers: joined.servers ?? [],
      outside: gateways(joined).ipv4 !== undefined,
    };
  }

  /** Leads what leads beyond the networks through where it is to lead now. */
  async function reroute(joined: Joined, { ipv4, ipv6 }: Gateways): Promise<void> {
    const { sandbox } = joined;
    for (const endpoint of new Set([ipv4, ipv6])) {
      if (!endpoint) continue;
      await helper.perform({
        type: "route",
        sandbox,
        network: endpoint.network,
        interface: endpoint.interface,
        ipv4: endpoint === ipv4,
        ipv6: endpoint === ipv6,
      });
    }
    if (!joined.ports || !ipv4) return;
    await helper.perform({ type: "retarget", sandbox, ...target({ ipv4, ipv6 }) });
  }

  const sandboxes: Sandboxes = {
    before,
    gateways,
    async make(places, servers) {
      const sandbox = ++last;
      const joined: Joined = { sandbox, endpoints: [], ...(servers.length > 0 ? { servers } : {}) };
      try {
        for (const [number, { network, ...place }] of places.entries()) {
          joined.endpoints.push(take(network, number, place));
        }
        const chosen = gateways(joined);
        const endpoints = joined.endpoints.map((endpoint) => plug(endpoint, chosen));
        const made = helper.perform({ type: "sandbox", sandbox, endpoints });
        const usual = endpoints.length === 1 && joined.endpoints[0]?.names === undefined && chosen.ipv4;
        await Promise.all([made, ...(usual ? [] : [sandboxes.tellNames(joined)])]);
      } catch (error) {
        for (const endpoint of joined.endpoints) giveBack(endpoint);
        throw error;
      }
      return joined;
    },
    async connect(joined, network, place) {
      const used = joined.endpoints.map(({ number }) => number);
      let number = 0;
      while (used.includes(number)) number++;
      const endpoint = take(network, number, place);
      const earlier = gateways(joined);
      joined.endpoints.push(endpoint);
      try {
        const chosen = gateways(joined);
        const { sandbox } = joined;
        await helper.perform({ type: "connect", sandbox, endpoint: plug(endpoint, chosen) });
        if (chosen.ipv4 !== earlier.ipv4 || chosen.ipv6 !== earlier.ipv6) await reroute(joined, chosen);
        await sandboxes.tellNames(joined);
      } catch (error) {
        joined.endpoints.splice(joined.endpoints.indexOf(endpoint), 1);
        giveBack(endpoint);
        throw error;
      }
    },
    async disconnect(joined, network) {
      const endpoint = joined.endpoints.find((one) => one.network === network.id);
      if (!endpoint) return;
      const earlier = gateways(joined);
      joined.endpoints.splice(joined.endpoints.indexOf(endpoint), 1);
      const { sandbox } = joined;
      await helper.perform({ type: "disconnect", sandbox, interface: endpoint.interface });
      giveBack(endpoint);
      const chosen = gateways(joined);
      if (chosen.ipv4 !== earlier.ipv4 || chosen.ipv6 !== earlier.ipv6) await reroute(joined, chosen);
      await sandboxes.tellNames(joined);
    },
    async publish(joined, ports) {
      const chosen = gateways(joined);
      if (!chosen.ipv4) throw invalidArgument("a container without a network cannot publish ports");
      const bindings = bridges.get(chosen.ipv4.network)?.options.bindings ?? [];
      const filled = ports.map((port) =>
        port.addresses.length > 0 ? port : { ...port, addresses: bindings },
      );
      const found = await helper.publish(publication(joined.sandbox, chosen, filled));
      joined.ports = filled.map(({ protocol, containerPort }, index) => {
        const { addresses = [], port: hostPort = 0 } = found[index] ?? {};
        return { protocol, containerPort, addresses, hostPort };
      });
    },
    tellNames: (joined, asked = helper) => asked.perform({ type: "names", ...names(joined) }),
    async publishAgain(joined, fresh) {
      const chosen = gateways(joined);
      const { ports = [], sandbox } = joined;
      if (ports.length === 0 || !chosen.ipv4) return;
      const fixed = ports.map(({ hostPort, ...port }) => ({ ...port, first: hostPort, last: hostPort }));
      await fresh.publish(publication(sandbox, chosen, fixed));
    },
    release({ endpoints }) {
      for (const endpoint of endpoints) giveBack(endpoint);
    },
    adopt({ endpoints }) {
      for (const endpoint of endpoints) {
        const bridge = bridges.get(endpoint.network);
        if (bridge) adoptEndpoint(bridge, endpoint);
      }
    },
  };
  return sandboxes;
}

/** What a container is found by: the first of them is told for its address. */
function qualified(names: string[], network: string): string[] {
  const lower = names.map((name) => name.toLowerCase());
  return [...new Set([...lower.map((name) => `${name}.${network.toLowerCase()}`), ...lower])];
}

function target({ ipv4, ipv6 }: Gateways): { ipv4: string; ipv6?: string } {
  return {
    ipv4: ipv4?.ipv4.address ?? "",
    ...(ipv6?.ipv6 ? { ipv6: ipv6.ipv6.address } : {}),
  };
}

function publication(sandbox: number, gateways: Gateways, ports: PortRequest[]): Publication {
  return { sandbox, ...target(gateways), ports };
}
