import type { NetState } from "#native/net/net-helper.ts";
import type { PortRequest } from "#native/net/net-protocol.ts";
import type { PlaceRequest } from "./namespaces/bridge.ts";
import type { EndpointSettings, Joined, Network } from "./network.ts";
import type { CreateNetwork } from "./plan-network.ts";

/** The networks of the store. `name` is a name, an ID, or a unique ID prefix. */
export interface Networks extends AsyncDisposable {
  /** Throws not-found with Docker's text. */
  get(name: string): Network;
  /** By whole name or ID. */
  named(name: string): Network | undefined;
  list(filters: Map<string, string[]>): Network[];
  create(request: CreateNetwork): Network;
  /** Throws forbidden for one that containers are on, or that was there from the start. */
  remove(name: string): Promise<void>;
  /** Removes those that no container is on, running or not; gives their names. */
  prune(filters: Map<string, string[]>): Promise<string[]>;
  /** Throws for what a network cannot give. */
  check(network: Network, settings: EndpointSettings): void;
  /**
   * A network namespace with these places: at once if one is ready. Nothing when the helper cannot make
   * any: `trouble` says why.
   */
  join(request: JoinRequest): Joined | Promise<Joined | undefined>;
  /** Adds a place to what was joined, or takes one away; what of its ports is reached stays so. */
  connect(joined: Joined, network: Network, place: PlaceRequest): Promise<void>;
  disconnect(joined: Joined, network: Network): Promise<void>;
  /** Has others find it by these names from now on; `namesOn` gives those for a network. */
  rename(joined: Joined, namesOn: (network: Network) => string[]): Promise<void>;
  /** Has ports of the host lead to what was joined, all or none, and notes them there. */
  publish(joined: Joined, ports: PortRequest[]): Promise<void>;
  /** Whether anything beyond its networks reaches what was joined. */
  isReachable(joined: Joined): boolean;
  /** The host's address as what was joined has it; that of the default network when it has none. */
  gateway(joined: Joined | undefined): string | undefined;
  /** What the next container on nothing but the default network is likely to be in. */
  upcoming(): Joined | undefined;
  /** Gives back what a container that has ended was in. Its ports are free when this settles. */
  leave(joined: Joined): Promise<void>;
  /** Takes note of what containers that run are in; every other namespace is thrown away. */
  adopt(inUse: Joined[]): Promise<void>;
  /** What does not work, for people; nothing when all does. */
  trouble(): string | undefined;
  /** Of the helper, which is started for it; throws when there is none. */
  state(): Promise<NetState>;
}

export interface JoinRequest {
  places: (PlaceRequest & { network: Network })[];
  /** Whom to ask for names that no network has; whom the host asks when there are none. */
  servers: string[];
  /** None that is ready will do: its helper may have died. */
  fresh: boolean;
}

/** The network of containers that ask for none. */
export const defaultNetwork = "bridge";
