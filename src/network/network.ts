/** A subnet with the address of its gateway. */
export interface NetworkSubnet {
  /** `172.17.0.0/16`. */
  subnet: string;
  gateway: string;
  /** Where addresses are taken from, where that is only a part of the subnet. */
  range?: string;
  /** Addresses that no container gets, by what they are. */
  reserved?: Record<string, string>;
  /** Whether somebody asked for this subnet: containers may ask for addresses in it then. */
  chosen?: boolean;
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
  attachable?: boolean;
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
  /** Of the interface in the container; no other of the container has it. */
  number: number;
  interface: string;
  mac: string;
  ipv4: EndpointAddress;
  ipv6?: EndpointAddress;
  linkLocal?: string[];
  /** Of the networks that lead beyond themselves the one that comes first has the default route. */
  priority?: number;
  /** What others on the network find it by; absent where names are not told. */
  names?: string[];
  /** Its own words for names of others there. */
  links?: Link[];
}

/** Another container's name, or its ID where networks tell no names, and the word for it. */
export interface Link {
  name: string;
  alias: string;
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
  /** Whom it asks for names that no network has; whom the host asks when absent. */
  servers?: string[];
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

/** What is asked of a container's place on a network. */
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
}

/** Whether containers on a network find one another by names: as of Docker's, not on those there are from the start. */
export function tellsNames({ name }: Pick<Network, "name">): boolean {
  return !isPredefined({ name });
}

/** Whether a network was there from the start. */
export function isPredefined({ name }: Pick<Network, "name">): boolean {
  return ["bridge", "host", "none"].includes(name);
}
