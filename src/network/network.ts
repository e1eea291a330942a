/** A subnet with the address of its gateway. */
export interface NetworkSubnet {
  /** `172.17.0.0/16`. */
  subnet: string;
  gateway: string;
  /** Part of the subnet from which addresses are allocated; the whole subnet when absent. */
  range?: string;
  /** Addresses that no container gets, by their purpose. */
  reserved?: Record<string, string>;
  /** Whether the user chose this subnet. Containers can request addresses only in such a subnet. */
  chosen?: boolean;
}

export interface Network {
  /** 64 lower-case hex characters. */
  id: string;
  name: string;
  /** RFC 3339. */
  created: string;
  driver: "bridge" | "host" | "null";
  internal: boolean;
  attachable?: boolean;
  /** Subnets of the bridge; both are absent for the drivers `host` and `null`. */
  ipv4?: NetworkSubnet;
  ipv6?: NetworkSubnet;
  options: Record<string, string>;
  /** Options of the driver that allocates addresses; without effect. */
  addressOptions?: Record<string, string>;
  labels: Record<string, string>;
}

/** The connection of a running container to a network. */
export interface Endpoint {
  /** ID of the network. */
  network: string;
  /** Name of the network. */
  name: string;
  /** 64 lower-case hex characters. */
  id: string;
  /** Number of the interface, unique in the container. */
  number: number;
  interface: string;
  mac: string;
  ipv4: EndpointAddress;
  ipv6?: EndpointAddress;
  linkLocal?: string[];
  /** Rank among the endpoints that can have the default route. The highest rank wins. */
  priority?: number;
  /** Names of the container on the network; absent on networks without name resolution. */
  names?: string[];
  /** Aliases for other containers, valid in this container only. */
  links?: Link[];
}

/** An alias for another container: for its name, or for its ID on networks without name resolution. */
export interface Link {
  name: string;
  alias: string;
}

export interface EndpointAddress {
  address: string;
  prefix: number;
  gateway: string;
}

/** The network namespace of a running container. It is stored in the container's record. */
export interface NetworkNamespace {
  /** Number of the namespace. Records and messages to the net helper use this name for it. */
  sandbox: number;
  endpoints: Endpoint[];
  /** Resolvers for names that no network has; the host's resolvers when absent. */
  servers?: string[];
  /** Published ports; absent when there are none. */
  ports?: PublishedPort[];
}

/** A container port that the host forwards to. */
export interface PublishedPort {
  protocol: "tcp" | "udp";
  containerPort: number;
  /** Addresses of the host that listen on `hostPort`. */
  addresses: string[];
  hostPort: number;
}

/** Requested settings of an endpoint. */
export interface EndpointSettings {
  aliases?: string[];
  links?: Link[];
  ipv4?: string;
  ipv6?: string;
  linkLocal?: string[];
  mac?: string;
  priority?: number;
  /** Name of the interface in the container. */
  interface?: string;
  /** Options that no driver knows. They have no effect. */
  options?: Record<string, string>;
}

/** Tests whether containers on a network resolve each other's names. As in Docker, the predefined networks do not. */
export function resolvesNames({ name }: Pick<Network, "name">): boolean {
  return !isPredefined({ name });
}

/** Tests for the three networks that every store has. */
export function isPredefined({ name }: Pick<Network, "name">): boolean {
  return ["bridge", "host", "none"].includes(name);
}
