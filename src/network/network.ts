/** A subnet with the address of its gateway. */
export interface NetworkSubnet {
  /** `172.17.0.0/16`. */
  subnet: string;
  gateway: string;
}

/** What containers can be connected to. */
export interface Network {
  /** 64 lower-case hex characters. */
  id: string;
  name: string;
  /** RFC 3339. */
  created: string;
  driver: "bridge" | "host" | "null";
  internal: boolean;
  /** Both absent for those without a bridge. */
  ipv4?: NetworkSubnet;
  ipv6?: NetworkSubnet;
  options: Record<string, string>;
  labels: Record<string, string>;
}

/** A container's place on a network, while it runs. */
export interface Endpoint {
  /** Of the network. */
  network: string;
  name: string;
  /** 64 lower-case hex characters. */
  id: string;
  mac: string;
  ipv4: EndpointAddress;
  ipv6?: EndpointAddress;
}

export interface EndpointAddress {
  address: string;
  prefix: number;
  gateway: string;
}

/** The network namespace that a container runs in. */
export interface Joined {
  /** As the net helper knows it. */
  sandbox: number;
  endpoints: Endpoint[];
  /** Absent for none. */
  ports?: PublishedPort[];
}

/** A port of a container that is reached by a port of the host. */
export interface PublishedPort {
  protocol: "tcp" | "udp";
  containerPort: number;
  /** The same port on each of these addresses of the host. */
  addresses: string[];
  hostPort: number;
}
