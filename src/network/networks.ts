import type { NetState } from "#native/net/net-helper.ts";
import type { PortRequest } from "#native/protocol/net.ts";
import type { Filters } from "#support/filters/filters.ts";
import type { EndpointPlan } from "./namespaces/bridge.ts";
import type { EndpointSettings, Network, NetworkNamespace } from "./network.ts";
import type { CreateNetwork } from "./plan-network.ts";

/** The networks of the store. `name` is a name, an ID, or a unique prefix of an ID. */
export interface NetworkCatalog {
  /** Throws not-found with Docker's message. */
  get(name: string): Network;
  /** Finds a network by its full name or ID. */
  named(name: string): Network | undefined;
  list(filters: Filters): Network[];
  /** Returns a number that changes whenever a network is created or removed. A network itself never changes. */
  revision(): number;
  create(request: CreateNetwork): Network;
  /** Throws forbidden for a network with running containers and for a predefined network. */
  remove(name: string): Promise<void>;
  /** Removes networks without containers, running or not; returns their names. */
  prune(filters: Filters): Promise<string[]>;
  /** Throws for settings that the network does not support. */
  check(network: Network, settings: EndpointSettings): void;
}

/** The network namespaces of running containers. */
export interface NetworkAttachments {
  /**
   * Returns a network namespace with these endpoints, without a promise if a prepared one fits. Returns undefined
   * when the helper cannot create namespaces: `problem` has the reason.
   */
  join(request: JoinRequest): NetworkNamespace | Promise<NetworkNamespace | undefined>;
  /** Adds an endpoint to a running container; its published ports stay reachable. */
  connect(namespace: NetworkNamespace, network: Network, endpoint: EndpointPlan): Promise<void>;
  disconnect(namespace: NetworkNamespace, network: Network): Promise<void>;
  /** Replaces the names of a container; `namesOn` returns its names on a network. */
  rename(namespace: NetworkNamespace, namesOn: (network: Network) => string[]): Promise<void>;
  /** Publishes all ports or none, and records them in the namespace. */
  publish(namespace: NetworkNamespace, ports: PortRequest[]): Promise<void>;
  /** Tests whether the namespace has a default route, which published ports need. */
  isReachable(namespace: NetworkNamespace): boolean;
  /**
   * Returns the host's address as seen from a namespace, or from the default network when the argument is undefined.
   */
  gateway(namespace: NetworkNamespace | undefined): string | undefined;
  /** Returns the prepared namespace that the next `join` of the default network alone is likely to return. */
  upcoming(): NetworkNamespace | undefined;
  /** Releases the namespace of a stopped container. Its ports are free when the promise settles. */
  leave(namespace: NetworkNamespace): Promise<void>;
  /** Registers the namespaces of running containers after a daemon start, and releases all others in the background. */
  adopt(inUse: NetworkNamespace[]): void;
}

export interface NetworkStatus {
  /** Returns a message about a failure that leaves containers without a network; undefined when there is none. */
  problem(): string | undefined;
  /** Returns the state of the net helper, starting it if necessary; throws when it does not start. */
  state(): Promise<NetState>;
}

export interface Networks extends NetworkCatalog, NetworkAttachments, NetworkStatus, AsyncDisposable {}

export interface JoinRequest {
  endpoints: (EndpointPlan & { network: Network })[];
  /** Resolvers for names that no network has; the host's resolvers when empty. */
  servers: string[];
  /** Whether only a new namespace is acceptable, because the helper of a prepared one may have died. */
  fresh: boolean;
  /** Whether no process outside the container can get a socket of it. */
  isolated?: boolean;
}

/** Name of the network of containers that ask for none. */
export const defaultNetwork = "bridge";
