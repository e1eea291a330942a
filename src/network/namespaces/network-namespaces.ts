import type { NetHelper } from "#native/net/net-helper.ts";
import type { PortRequest } from "#native/protocol/net.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { Endpoint, Network, NetworkNamespace } from "../network.ts";
import {
  allocateEndpoint,
  bridgeRequest,
  type EndpointPlan,
  releaseEndpoint,
  reserveEndpoint,
} from "./bridge.ts";
import type { Bridges } from "./bridges.ts";
import { chooseDefaultRoutes, type DefaultRoutes, targetAddresses } from "./default-routes.ts";
import { endpointRequest, namespaceNames, publication } from "./messages.ts";

type Helper = Pick<NetHelper, "perform" | "publish">;

/** Network namespaces, created and changed through the net helper. The bridges allocate the addresses. */
export interface NetworkNamespaces {
  /** Greatest number that a namespace of an earlier daemon can have. */
  readonly lastForeign: number;
  create(endpoints: (EndpointPlan & { network: Network })[], servers: string[]): Promise<NetworkNamespace>;
  connect(namespace: NetworkNamespace, network: Network, endpoint: EndpointPlan): Promise<void>;
  disconnect(namespace: NetworkNamespace, network: Network): Promise<void>;
  publish(namespace: NetworkNamespace, ports: PortRequest[]): Promise<void>;
  defaultRoutes(namespace: NetworkNamespace): DefaultRoutes;
  /** Sends the names and resolvers of a namespace to the helper. */
  sendNames(namespace: NetworkNamespace, helper?: Helper): Promise<void>;
  /** Listens again on the same host ports. */
  publishAgain(namespace: NetworkNamespace, helper: Helper): Promise<void>;
  releaseAddresses(namespace: NetworkNamespace): void;
  /** Reserves the addresses of a namespace that an earlier daemon created. */
  adopt(namespace: NetworkNamespace): void;
}

interface Context {
  helper: Helper;
  bridges: Bridges;
  networkOf: (id: string) => Network | undefined;
}

export function openNetworkNamespaces(context: Context): NetworkNamespaces {
  const lastForeign = Date.now() * 1000;
  let last = lastForeign;
  return {
    lastForeign,
    create: (endpoints, servers) =>
      create(
        context,
        { sandbox: ++last, endpoints: [], ...(servers.length > 0 ? { servers } : {}) },
        endpoints,
      ),
    connect: (namespace, network, endpoint) => connect(context, namespace, network, endpoint),
    disconnect: (namespace, network) => disconnect(context, namespace, network),
    publish: (namespace, ports) => publish(context, namespace, ports),
    defaultRoutes: (namespace) => defaultRoutes(context, namespace),
    sendNames: (namespace, helper = context.helper) => sendNames({ ...context, helper }, namespace),
    publishAgain: (namespace, helper) => publishAgain({ ...context, helper }, namespace),
    releaseAddresses({ endpoints }) {
      for (const endpoint of endpoints) release(context, endpoint);
    },
    adopt({ endpoints }) {
      for (const endpoint of endpoints) {
        context.bridges.use(endpoint.network);
        const bridge = context.bridges.get(endpoint.network);
        if (bridge) reserveEndpoint(bridge, endpoint);
      }
    },
  };
}

function defaultRoutes({ networkOf }: Context, { endpoints }: NetworkNamespace): DefaultRoutes {
  return chooseDefaultRoutes(endpoints, networkOf);
}

async function create(
  context: Context,
  namespace: NetworkNamespace,
  plans: (EndpointPlan & { network: Network })[],
): Promise<NetworkNamespace> {
  const { sandbox, endpoints } = namespace;
  try {
    for (const [number, { network, ...plan }] of plans.entries()) {
      endpoints.push(allocate(context, network, number, plan));
    }
    const routes = defaultRoutes(context, namespace);
    const requests = endpoints.map((endpoint) => endpointRequest(endpoint, routes));
    const bridges = endpoints.map(({ network }) => context.bridges.created(network));
    const created = context.helper.perform({ type: "sandbox", sandbox, endpoints: requests });
    // Without this message the helper forwards all queries to the host's resolvers, as such a namespace needs.
    const unnamed = endpoints.length === 1 && endpoints[0]?.names === undefined && routes.ipv4;
    // The reason why a bridge cannot be created comes before the failures that follow from it.
    await Promise.all([...bridges, created, ...(unnamed ? [] : [sendNames(context, namespace)])]);
  } catch (error) {
    for (const endpoint of endpoints) release(context, endpoint);
    throw error;
  }
  return namespace;
}

async function connect(
  context: Context,
  namespace: NetworkNamespace,
  network: Network,
  plan: EndpointPlan,
): Promise<void> {
  const { sandbox, endpoints } = namespace;
  const endpoint = allocate(context, network, freeNumber(endpoints), plan);
  const earlier = defaultRoutes(context, namespace);
  endpoints.push(endpoint);
  try {
    const request = endpointRequest(endpoint, defaultRoutes(context, namespace));
    const connected = context.helper.perform({ type: "connect", sandbox, endpoint: request });
    await Promise.all([context.bridges.created(network.id), connected]);
    await moveDefaultRoutes(context, namespace, earlier);
    await sendNames(context, namespace);
  } catch (error) {
    endpoints.splice(endpoints.indexOf(endpoint), 1);
    release(context, endpoint);
    throw error;
  }
}

function freeNumber(endpoints: Endpoint[]): number {
  const used = endpoints.map(({ number }) => number);
  let number = 0;
  while (used.includes(number)) number++;
  return number;
}

async function disconnect(context: Context, namespace: NetworkNamespace, network: Network): Promise<void> {
  const { sandbox, endpoints } = namespace;
  const endpoint = endpoints.find((one) => one.network === network.id);
  if (!endpoint) return;
  const earlier = defaultRoutes(context, namespace);
  endpoints.splice(endpoints.indexOf(endpoint), 1);
  await context.helper.perform({ type: "disconnect", sandbox, interface: endpoint.interface });
  release(context, endpoint);
  await moveDefaultRoutes(context, namespace, earlier);
  await sendNames(context, namespace);
}

/** Moves the default routes, and the target of published ports, to the current endpoints if they changed. Closes ports without a target. */
async function moveDefaultRoutes(
  context: Context,
  namespace: NetworkNamespace,
  earlier: DefaultRoutes,
): Promise<void> {
  const { sandbox, ports } = namespace;
  const routes = defaultRoutes(context, namespace);
  const { ipv4, ipv6 } = routes;
  if (ipv4 === earlier.ipv4 && ipv6 === earlier.ipv6) return;
  for (const endpoint of new Set([ipv4, ipv6])) {
    if (!endpoint) continue;
    await context.helper.perform({
      type: "route",
      sandbox,
      network: endpoint.network,
      interface: endpoint.interface,
      ipv4: endpoint === ipv4,
      ipv6: endpoint === ipv6,
    });
  }
  if (!ports) return;
  await context.helper.perform({ type: "retarget", sandbox, ...targetAddresses(routes) });
  // The ports are free for other containers; the next connection publishes them again.
  if (!ipv4) delete namespace.ports;
}

async function publish(context: Context, namespace: NetworkNamespace, ports: PortRequest[]): Promise<void> {
  const routes = defaultRoutes(context, namespace);
  if (!routes.ipv4) throw invalidArgument("a container without a network cannot publish ports");
  const bindings = context.bridges.get(routes.ipv4.network)?.options.bindings ?? [];
  const requests = ports.map((port) => (port.addresses.length > 0 ? port : { ...port, addresses: bindings }));
  const found = await context.helper.publish(publication(namespace.sandbox, routes, requests));
  namespace.ports = requests.map(({ protocol, containerPort }, index) => {
    const { addresses = [], port: hostPort = 0 } = found[index] ?? {};
    return { protocol, containerPort, addresses, hostPort };
  });
}

async function publishAgain(context: Context, namespace: NetworkNamespace): Promise<void> {
  const { ports = [], sandbox } = namespace;
  const routes = defaultRoutes(context, namespace);
  if (ports.length === 0) return;
  const fixed = ports.map(({ hostPort, ...port }) => ({ ...port, first: hostPort, last: hostPort }));
  await context.helper.publish(publication(sandbox, routes, fixed));
}

function sendNames(context: Context, namespace: NetworkNamespace): Promise<void> {
  const names = namespaceNames(namespace, defaultRoutes(context, namespace));
  return context.helper.perform({ type: "names", ...names });
}

function allocate(
  { bridges, helper }: Context,
  network: Network,
  number: number,
  plan: EndpointPlan,
): Endpoint {
  const bridge = bridges.get(network.id);
  if (!bridge) throw new TboxError("not-found", `network ${network.name} not found`);
  // The helper handles requests in order, so the bridge exists before any request for the endpoint.
  bridges.use(network.id, () => helper.perform({ type: "network", ...bridgeRequest(bridge) }));
  return allocateEndpoint(bridge, number, plan);
}

function release({ bridges }: Context, endpoint: Endpoint): void {
  const bridge = bridges.get(endpoint.network);
  if (bridge) releaseEndpoint(bridge, endpoint);
}
